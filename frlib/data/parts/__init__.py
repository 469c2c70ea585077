"""Which part of a data set is used, a module each: `Config` and `select(manifest, config)`.

`select` returns a manifest of the chosen rows, classes numbered without gaps; it is a pure function
of the manifest's content and the config, the same for every arm, seed and machine.

| question | parts |
|---|---|
| head and tail of a long tail (Unequal Training) | `class_size`: `at_least=10`; `below=10` |
| old and new, open class (MixBCT) | `class_split`: `part=old`; `part=new` |
| old and new, open data | `image_split`: `part=old`; `part=new` |
| old and new, extended class or data | the same `part=old`; `whole` |
"""

from frlib.core import discover
from frlib.core.config import Config
from frlib.data.manifest import Manifest


def select(manifest: Manifest, config: Config) -> Manifest:
    """The part of `manifest` that `config`, of a module of this package, names."""
    module = discover.load(__name__, config.name)  # type: ignore[attr-defined]
    chosen: Manifest = module.select(manifest, config)
    return chosen
