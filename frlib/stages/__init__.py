"""What a run needs done before it, a module each: `stages.NAME` of a run's config.

A module defines

* `Config`, a `Stage`;
* `inputs(config, run)`: names of the stages whose artefacts it needs;
* `view(config, run)`: the run as the stage sees it; its data sets are those that are read. May
  raise `ConfigError` where the stage does not fit the run;
* `identity(config, run)`: what the output depends on beside seed, inputs and data sets, of the
  stage's settings and of the run's; a config, or plain values and configs;
* `counted(config, run)`: the stage's settings as the digest of an arm covers them;
* `cost(config, run)`: what its output takes at most, a `Cost`;
* `produce(job, folder)`: fills the folder, going on with what is in it; returns facts. Every worker
  of `job.place` calls it;
* perhaps `draws(config, run)`: whether the output depends on the seed, beside what its inputs do;
  where it does not, replicates share it;
* perhaps `weights(folder)`: what a run may start from (`start.stage`), and `trained(config, run,
  folder)`: the run whose weights they are, where only the output tells which of several;
* perhaps `findings(folder)`: what a run may be cleaned by (`clean.stage`).

An output is kept under the digest of identity, seed, inputs and data sets (`digests`): runs that
agree in these share it, whatever else they differ in.
"""

from frlib.stages._cost import Cost as Cost
from frlib.stages._cost import costs as costs
from frlib.stages._digest import digests as digests
from frlib.stages._digest import digests_by_seed as digests_by_seed
from frlib.stages._job import Job as Job
from frlib.train.staged import Stage as Stage
