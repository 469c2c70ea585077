"""`frlib part list | show`."""

from frlib.cli.reference import noun

app = noun("part", "frlib.data.parts", "Parts of a set that a run may use: head, tail, old, new.")
