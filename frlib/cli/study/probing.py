"""Measure the cheapest and the costliest workload of a study on this machine, and keep that."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from frlib.core.errors import ClusterError
from frlib.study import probed
from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.outputs import Outputs, workloads
from frlib.study.plan import Plan
from frlib.study.probed import Probed, Sample
from frlib.train import energy
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from frlib.train.probe import computing, hardware, place_of, probe, threads_of


def kept(plan: Plan, kinds: set[str]) -> tuple[Probed | None, str]:
    """An earlier probe that still holds here; else None, and why it does not, if there is one."""
    found = probed.read(plan.folder)
    if found is None:
        return None, ""
    why = found.stale(_hardware(plan), kinds)
    return (None, why) if why else (found, "")


def can_read_energy(plan: Plan) -> bool:
    """Whether this machine counts what its processors or the study's GPU take."""
    return bool(energy.packages() or energy.gpu(_place(plan).device))


def _place(plan: Plan) -> Place:
    return place_of(use_gpu=plan.study.resources.gpus_per_worker > 0)


def _hardware(plan: Plan) -> dict[str, str]:
    return hardware(_place(plan), threads_of(plan.study.resources.cpus_per_worker))


def measure(plan: Plan, outputs: Outputs, loads: Mapping[str, Load], seconds: float) -> Probed:
    """Share `seconds` between the two; one alone where all runs cost alike.

    `ClusterError` where the study wants a GPU and there is none.
    """
    place = _place(plan)
    gpus = plan.study.resources.gpus_per_worker
    if gpus and place.device.type != "cuda":
        raise ClusterError(
            f"--probe: resources.gpus_per_worker={gpus:g}, and this machine has no GPU that torch "
            "can use, so nothing here tells how long runs take. Probe where they will run"
        )
    chosen = sorted({_least(loads), _most(loads)}, key=lambda name: loads[name].flops)
    samples = []
    with _told() as say, computing(threads_of(plan.study.resources.cpus_per_worker)):
        for number, name in enumerate(chosen, start=1):
            config = _of_one_worker(_config(plan, outputs, name), plan.study.resources.workers)
            load = loads[name]
            head = f"probe {number} of {len(chosen)} ({load.what})"
            found = probe(
                config,
                seconds=seconds / len(chosen),
                seed=plan.study.replicates.seeds[0],
                store=plan.store,
                place=place,
                say=lambda text, head=head: say(f"{head}: {text}"),  # type: ignore[misc]
            )
            samples.append(Sample(kind=name, what=load.what, flops=load.flops, **vars(found)))
    result = Probed(
        hardware=_hardware(plan),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        samples=tuple(samples),
    )
    probed.write(plan.folder, result)
    return result


def _least(loads: Mapping[str, Load]) -> str:
    return min(loads, key=lambda name: (loads[name].flops, name))


def _most(loads: Mapping[str, Load]) -> str:
    return max(loads, key=lambda name: (loads[name].flops, name))


def _config(plan: Plan, outputs: Outputs, name: str) -> TrainConfig:
    configs = workloads(plan, outputs)
    return configs[kinds(configs).index(name)]


def _of_one_worker(config: TrainConfig, workers: int) -> TrainConfig:
    tail = config.tail
    if tail is not None:
        shares = {"identities": tail.identities // workers, "bag": tail.bag // workers}
        tail = tail.model_copy(update=shares)
    return config.model_copy(update={"batch_size": config.batch_size // workers, "tail": tail})


@contextmanager
def _told() -> Iterator[Callable[[str], None]]:
    """One line that changes in a terminal, a line per workload elsewhere; on stderr."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if sys.stderr.isatty():
        with console.status("probe") as line:
            yield line.update
        return
    heads: set[str] = set()

    def once(text: str) -> None:
        head = text.partition(":")[0]
        if head not in heads:
            heads.add(head)
            console.print(head, soft_wrap=True)

    yield once
