"""Run a study from its plan to its records: data first, then trials, with the mirror alongside."""

from pathlib import Path

from frlib.core import safeio
from frlib.core.config import canonical
from frlib.core.errors import ConfigError
from frlib.data import catalog
from frlib.data.cache import open_pixels
from frlib.rayrun import tuner
from frlib.study.plan import Plan, make
from frlib.study.schema import Study
from frlib.study.watch import Watcher


def record_design(plan: Plan) -> None:
    """Write `study.json`: the study's value, and the cells that its table is made of."""
    cells = [{"shown": list(p.cell.shown.items()), "digest": p.cell.digest} for p in plan.cells]
    safeio.write_json(plan.folder / "study.json", plan.study.to_json() | {"cells": cells})


def check_store(store: Path) -> None:
    """`ConfigError` when the store cannot be written, before anything is started."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        probe = store / ".writable"
        safeio.write_text(probe, "")
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"--store {store}: cannot be written ({error.strerror}). Choose another folder with "
            "--store or FRLIB_STORE."
        ) from error


def warm(plan: Plan) -> None:
    """Decode every data set of the study once, so that trials find it and damage shows now."""
    seen = set()
    for one in plan.cells:
        data, store = one.cell.config.data, plan.store
        sources = [data.train, data.outliers, *(b.images for b in data.benchmarks)]
        for source in filter(None, sources):
            key = f"{data.size} {canonical(source)}"
            if key not in seen:
                seen.add(key)
                open_pixels(catalog.scan(source, store), data.size, store)


def run(study: Study, store: Path, watcher: Watcher, address: str = "") -> Plan:
    """Run what is missing; returns the plan as it stands afterwards."""
    check_store(store)
    plan = make(study, store)
    record_design(plan)
    if plan.runs_left:
        warm(plan)
    tuner.run(plan, watcher, address)
    return make(study, store)
