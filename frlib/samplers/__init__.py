"""Who proposes the next point of a space: a module each, around one of Optuna's samplers.

A module defines `Config` (of `Sampler`), `PAPER`, `HANDLES` (a set of `Skill`s) and
`build(config, need)`, or, where every point is known beforehand, `points(config, space, seed)`.

A sampler is built anew for every proposal, with a seed that follows from the study's and from the
number of the proposal. So a proposal depends on the results known by then and on nothing else: not
on how often the search was interrupted.
"""

from frlib.samplers._sampler import Need as Need
from frlib.samplers._sampler import Sampler as Sampler
from frlib.samplers._sampler import Skill as Skill
from frlib.samplers._sampler import startup as startup
