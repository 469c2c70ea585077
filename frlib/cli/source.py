"""`frlib source list | show`."""

from frlib.cli.reference import noun

app = noun("source", "frlib.data.sources", "Formats that images are read from, and their fields.")
