"""A node is drained with half a minute left, goes, and another one comes."""

import time

from tests.chaos.cluster import gone
from tests.chaos.scene import Scene

_LEFT_S = 30.0


def inject(scene: Scene) -> None:
    """Its runs have to be gone before it is."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    node = scene.busy_node()
    if node is None:
        return
    began = time.monotonic()
    scene.note("spot_notice", f"{_LEFT_S:.0f} s for a node with a run on it")
    scene.cluster.drain(node, _LEFT_S)
    stayed = gone(lambda: [str(pid) for pid in scene.cluster.runs_on(node)], _LEFT_S)
    left = f"empty after {time.monotonic() - began:.1f} s" if not stayed else "STILL THERE"
    scene.cluster.kill(node)
    scene.note("spot_node_gone", left)
    scene.cluster.add()
