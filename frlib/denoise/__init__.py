"""Rules that say which samples are labelled wrongly, a module each.

A module defines

* `Config`, a `Rule`: its fields, and `needs`, the parts of the evidence it looks at;
* `PAPER`;
* `decide(evidence, config) -> Findings`: a verdict and a suspicion on every sample: 0..1, the
  rule's own probability that the given label is wrong, which its docstring defines. numpy in,
  numpy out; no torch, no randomness without a seed in the config;
* `label(config)`: its name in tables, `PAPER.title` and the settings that differ from the defaults.

Only `oracle` looks at the truth. A package outside adds a rule through the entry-point group
`frlib.denoise`.
"""

from frlib.cleaning.evidence import Evidence as Evidence
from frlib.cleaning.evidence import Need as Need
from frlib.cleaning.findings import Findings as Findings
from frlib.denoise._rule import Rule as Rule
