"""`frlib head list | show`."""

from frlib.cli.reference import noun

app = noun("head", "frlib.heads.presets", "Heads: published methods and their fields.")
