"""`frlib backbone list | show`."""

from frlib.cli.reference import noun

app = noun("backbone", "frlib.backbones", "Backbones and their fields.")
