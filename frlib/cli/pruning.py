"""`frlib pruning list | show`."""

from frlib.cli.reference import noun

app = noun("pruning", "frlib.pruning", "Rules that stop arms of a study early, and their fields.")
