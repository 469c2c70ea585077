"""A node loses its power while a run is on it; another node comes later."""

from tests.chaos.scene import Scene


def inject(scene: Scene) -> None:
    """Kill raylet and all."""
    if not scene.until_more(int(scene.rng.integers(2, 6))):
        return
    node = scene.busy_node()
    if node is None:
        return
    runs = scene.cluster.runs_on(node)
    scene.cluster.kill(node)
    scene.note("node_death", f"a node with {len(runs)} processes of runs")
    scene.cluster.add()
