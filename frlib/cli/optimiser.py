"""`frlib optimiser list | show`."""

from frlib.cli.reference import noun

app = noun("optimiser", "frlib.optimisers", "Optimisers and their fields.")
