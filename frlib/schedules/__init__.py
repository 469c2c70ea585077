"""Learning-rate rules, a module each: `Config` and `factor(step, total_steps, steps_per_epoch, config)`."""
