"""The driver is killed with -9; the job is submitted again."""

import time

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """At a random moment, soon after its start or in the middle."""
    epochs = int(scene.rng.integers(0, 6))
    if not scene.until_more(epochs):
        return
    time.sleep(scene.rng.uniform(0.0, 1.0))
    if scene.is_over:
        return
    scene.kill_driver()
    scene.note("driver_killed", f"after {epochs} more epochs")
    scene.run()
