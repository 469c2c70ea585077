"""`frlib stage list | show`."""

from frlib.cli.reference import noun

app = noun("stage", "frlib.stages", "What a run may need done before it: kinds of stages.")
