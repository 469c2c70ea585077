"""Somebody else fills the object store of the cluster three times over, and goes."""

import subprocess
import sys

from tests.chaos.cluster import STORE_BYTES
from tests.chaos.scene import Scene
from tests.integration.command import ROOT, environment

_SCRIPT = f"""
import numpy as np, ray, sys, time
ray.init(address=sys.argv[1], log_to_driver=False)
fill = ray.remote(num_cpus=0, scheduling_strategy="SPREAD")(
    lambda: [ray.put(np.zeros(2**22, np.uint8)) for _ in range({3 * STORE_BYTES // 2**22})]
)
held = [fill.remote() for _ in range(3)]
ray.wait(held, num_returns=3, timeout=60)
time.sleep(3)
"""


def inject(scene: Scene) -> None:
    """What does not fit is spilled."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    scene.note("object_store_full", "3 times its size, on every node")
    subprocess.run(
        [sys.executable, "-c", _SCRIPT, scene.cluster.address],
        cwd=ROOT,
        env=environment(RAY_AUTH_MODE="disabled"),
        check=True,
        capture_output=True,
        timeout=300,
    )
    scene.note("object_store_free", "again")
