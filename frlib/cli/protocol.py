"""`frlib protocol list | show`."""

from frlib.cli.reference import noun

app = noun("protocol", "frlib.evaluate.protocols", "Benchmarks of `frlib eval`, and their fields.")
