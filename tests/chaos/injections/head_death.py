"""The head dies, and the cluster with it; the job is submitted to a new one."""

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """The driver ends by itself; so has every process of the old cluster."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    scene.cluster.kill_head()
    scene.note("head_death", "the head")
    code = scene.wait()
    scene.note("driver_ended", f"with {code}")
    scene.cluster.renew()
    scene.run()
