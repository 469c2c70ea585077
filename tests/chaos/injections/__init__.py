"""What can happen to a study on a cluster, a module each: `inject(scene)` does it once.

It waits for its moment, does its harm, notes it, and leaves a cluster on which the study can go on
(or a driver that somebody has started again). A study that is over before is left alone.
"""

import pkgutil


def names() -> list[str]:
    """All of them."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
