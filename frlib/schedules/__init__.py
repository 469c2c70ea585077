"""Learning-rate rules, a module each: `Config`, `PAPER`, and one of two functions.

* `factor(step, total_steps, steps_per_epoch, config)` multiplies the base rate for a 0-based
  optimiser step and depends on nothing else.
* `follow(total_steps, steps_per_epoch, config)` is for a rule that learns from the loss: it returns
  a `Rule` with `observes` true, which is handed the loss of every step and whose `numbers` are kept
  in checkpoints. A loss first decides the factor of the step after next, so that it may still be on
  its way from the device when the next step begins.

`follow` here returns a `Rule` for a config of either kind; the training loop knows no other way.
"""

from frlib.schedules._follow import Rule as Rule
from frlib.schedules._follow import follow as follow
