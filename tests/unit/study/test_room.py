"""How many runs fit, node by node, and what is said when none does."""

import pytest

from frlib.core.errors import ClusterError, ConfigError
from frlib.study.room import Need, Node, at_a_time, held
from frlib.study.schema import Budget, Resources

TWO_OF_THREE = (Node("a", 3), Node("b", 3))
MIXED = (Node("head", 4, 0, 16), Node("gpu", 8, 2, 64))


@pytest.mark.parametrize(
    ("need", "nodes", "count"),
    [
        (Need(2), TWO_OF_THREE, 2),
        (Need(1, workers=2), TWO_OF_THREE, 3),
        (Need(2, workers=2), TWO_OF_THREE, 1),
        (Need(1, workers=2, placement="STRICT_PACK"), TWO_OF_THREE, 2),
        (Need(1, workers=2, placement="STRICT_SPREAD"), (Node("a", 5), Node("b", 2)), 2),
        (Need(1, 0.25), MIXED, 8),
        (Need(1, 0, 8), MIXED, 10),
        (Need(0, 0.3), (Node("a", 1, 1),), 3),
        (Need(0, 0.4), (Node("a", 1, 2),), 4),
        (Need(0, 0.6), (Node("a", 1, 2),), 2),
        (Need(0, 0.1), (Node("a", 1, 1),), 10),
        (Need(0, 2), (Node("a", 1, 5),), 2),
        (Need(0), TWO_OF_THREE, 2),
    ],
)
def test_held_when_nodes_differ_then_counts_what_each_takes(
    need: Need, nodes: tuple[Node, ...], count: int
) -> None:
    assert held(need, nodes) == count


@pytest.mark.parametrize(
    ("need", "message"),
    [
        (Need(9), r"needs 9 CPUs, 0 GPUs, .* gpu is the largest node with 8 CPUs, 2 GPUs and 64"),
        (Need(1, 4), r"needs 1 CPUs, 4 GPUs, and no node .* Lower resources\.cpus_per_worker"),
        (Need(1, 0, 100), r"and 100 GiB of memory, and no node"),
        (Need(4, workers=4), r"needs 4 workers with 4 CPUs, 0 GPUs each.* hold 3 in all, 2 on"),
        (Need(1, workers=9, placement="STRICT_PACK"), r"placed as STRICT_PACK.* hold 12 in all"),
        (Need(1, workers=3, placement="STRICT_SPREAD"), r"placed as STRICT_SPREAD"),
    ],
)
def test_held_when_no_node_or_not_all_together_hold_it_then_says_what_to_change(
    need: Need, message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        held(need, MIXED)


def test_held_when_there_is_no_node_then_error() -> None:
    with pytest.raises(ClusterError, match="has no node"):
        held(Need(1), ())


def test_at_a_time_when_the_cluster_grows_then_counts_what_is_asked_for() -> None:
    assert at_a_time(Resources(gpus_per_worker=1, may_grow=True, concurrent_arms=8), MIXED[:1]) == 8
    assert at_a_time(Resources(concurrent_arms=3), MIXED) == 3
    assert at_a_time(Resources(), MIXED) == 12


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"gpus_per_worker": 1.5}, r"gpus_per_worker=1\.5: a part of one GPU"),
        ({"gpus_per_worker": 0.5, "workers": 2}, r"two workers of one run cannot share a GPU"),
        ({"gpus_per_worker": 0.5, "max_workers": 2}, r"cannot share a GPU"),
        ({"may_grow": True}, r"may_grow needs concurrent_arms"),
        ({"placement": "TIGHT"}, r"placement"),
    ],
)
def test_resources_when_they_make_no_sense_then_error(
    resources: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Resources.parse(resources)


def test_budget_when_no_cpu_is_counted_then_error() -> None:
    only_gpu = Resources(cpus_per_worker=0, gpus_per_worker=1)
    with pytest.raises(ValueError, match=r"cpu_hours=1, but resources\.cpus_per_worker=0"):
        Budget(cpu_hours=1).check(1, only_gpu)
