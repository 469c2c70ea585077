"""Losses added to the objective: a module each."""
