"""The process of a run is killed with -9, as the kernel does when memory is short."""

import os
import signal

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """Its raylet sees it."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    node = scene.busy_node()
    runs = scene.cluster.runs_on(node) if node is not None else []
    if not runs:
        return
    os.kill(runs[int(scene.rng.integers(len(runs)))], signal.SIGKILL)
    scene.note("process_killed", f"one of {len(runs)} on its node")
