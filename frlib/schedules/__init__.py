"""Learning-rate rules, a module each.

A module has `Config` and `factor(step, total_steps, steps_per_epoch, config)`, which multiplies the
base rate for a 0-based optimiser step and depends on nothing else.
"""
