"""`frlib bct list | show | check`."""

from frlib.cli.bct import check
from frlib.cli.reference import noun

app = noun(
    "bct",
    "frlib.compat",
    "Models that are searched in the galleries of old ones: methods, and whether one may serve.",
)
app.command()(check.check)
