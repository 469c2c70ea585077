"""The process of a run is told to end (SIGTERM)."""

import os
import signal

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """It has half a minute to put its run down."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    node = scene.busy_node()
    runs = scene.cluster.runs_on(node) if node is not None else []
    if not runs:
        return
    scene.note("sigterm", f"to one of {len(runs)} processes of runs on its node")
    os.kill(runs[0], signal.SIGTERM)
