"""Ways to train a model that can be searched against an old model's gallery, a module each.

A module defines

* `Config`, a `Method`: its settings and what it needs of the old side;
* `PAPER`;
* `label(config)`: its name in tables, and the settings that differ from the defaults;
* `build(config, side) -> Term`: what it does in a step, `frlib.compat._term.Term`.

Importing one imports no torch; the computation of `NAME.py` is `_NAME_term.py`. Any method goes
with any head, noise, backbone, schedule and sharing-out of classes. At the weight (or share) 0 a
run is the plain training, bit for bit. A package outside adds a method through the entry-point
group `frlib.compat`.

Sources: MixBCT repository (yuleung), state of April 2025, which holds all seven.
"""

from frlib.compat._method import Method as Method
from frlib.compat._method import Need as Need
