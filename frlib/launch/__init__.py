"""Run a plan. Resuming is planning again and running what is missing."""
