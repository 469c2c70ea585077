"""`frlib schedule list | show`."""

from frlib.cli.reference import noun

app = noun("schedule", "frlib.schedules", "Learning-rate schedules and their fields.")
