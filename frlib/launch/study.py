"""Run a study from its plan to its records: data first, then trials, with the mirror alongside."""

from pathlib import Path

from frlib.core import safeio
from frlib.core.errors import ConfigError
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


def run(study: Study, store: Path, watcher: Watcher, address: str = "") -> Plan:
    """Run what is missing; returns the plan as it stands afterwards."""
    check_store(store)
    plan = make(study, store)
    record_design(plan)
    tuner.run(plan, watcher, address)
    return make(study, store)
