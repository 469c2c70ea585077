"""The disk is full for a while: of the driver, and of all nodes."""

import time

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """A driver that gives up is started again once there is room."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    scene.full_disk.touch()
    scene.note("disk_full", "all of it")
    time.sleep(scene.rng.uniform(2.0, 5.0))
    code = scene.code
    scene.full_disk.unlink()
    told = "the driver goes on" if code is None else f"the driver has ended with {code}"
    scene.note("disk_has_room", told)
    if code:
        scene.run()
