"""Optimisers, a module each: `Config` (of `Settings`), `PAPER`, `build(config, groups)`.

`groups` shares the parameters out by what the settings say of rates and decay; a group's `rate`
multiplies the learning rate of the run. `build` makes torch's multi-tensor form with all of its
numbers in place (zero), so that what is saved never depends on which parameters were moved so far,
and a step that is left out for want of finite gradients leaves none of them undefined.
"""

from frlib.optimisers._groups import groups as groups
from frlib.optimisers._settings import Settings as Settings
