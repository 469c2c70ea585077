"""When an arm is stopped early: a module each, pure decisions that know neither Ray nor Optuna.

A module defines `Config` (of `Pruning`), `PAPER`, `measured_at(config, epochs)`, the epochs of a
replicate at which the selection metric must have been measured, and `build(config, design)`, which
returns a `Rule`. `BEARS = True` says that its stops leave children behind, which go on from what
their parents were at these epochs.
"""

from frlib.pruning._changes import is_changeable as is_changeable
from frlib.pruning._rule import Child as Child
from frlib.pruning._rule import Course as Course
from frlib.pruning._rule import Design as Design
from frlib.pruning._rule import Past as Past
from frlib.pruning._rule import Pruning as Pruning
from frlib.pruning._rule import Rule as Rule
from frlib.pruning._rule import Seen as Seen
from frlib.pruning._rule import Stop as Stop
