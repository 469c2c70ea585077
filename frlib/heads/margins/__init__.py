"""Penalties on the target cosine: a module each. They see `[B]` numbers and nothing else."""
