"""`frlib sampler list | show`."""

from frlib.cli.reference import noun

app = noun("sampler", "frlib.samplers", "Who proposes points of a search space.")
