"""One replicate of an arm, from its manifest to its records: train, select, report, write down."""

import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from frlib.artifacts.store import Artifacts
from frlib.data.loading.choose import open_for, open_training
from frlib.data.prepare import Prepared, prepare
from frlib.records import layout
from frlib.records.spent import JOULES
from frlib.records.write import RunWriter
from frlib.train import cost, measuring, run_facts
from frlib.train.checkpoint import save_model
from frlib.train.cleaned import cleaned
from frlib.train.config import TrainConfig
from frlib.train.energy import Meter
from frlib.train.keeper import Keeper
from frlib.train.loop import Epoch, epochs
from frlib.train.noting import Noting
from frlib.train.old_side import OldSide
from frlib.train.place import Place
from frlib.train.prefix import Prefixes
from frlib.train.reporter import Reporter
from frlib.train.start import MODEL
from frlib.train.tail import images_in_step, part_of
from frlib.train.tail_feed import opened_tail

_SELECTION = "selection/"


@dataclass(frozen=True)
class Ticket:
    """Which run this is and where its records go.

    keep_at: epochs after which what the run is by then is kept, for runs that begin alike.
    records: the folder of the study's records; None: the one in the store. facts: what is known of
    the run before it begins. follow: keep the loss of every sample in every epoch, in `losses.npy`
    beside the model (`frlib.train.followed`); such a run begins with no other's first epochs.
    """

    store: Path
    study: str
    arm: str
    seed: int
    keep_at: tuple[int, ...] = ()
    records: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    follow: bool = False

    @property
    def study_folder(self) -> Path:
        """The folder of the study's records."""
        return self.records or layout.study_folder(self.store, self.study)

    @property
    def folder(self) -> Path:
        """The folder of this replicate; attempts, checkpoints and the finished model are inside."""
        return layout.arm_folder(self.study_folder, self.arm) / f"r{self.seed}"

    @property
    def checkpoints(self) -> Path:
        """The folder of its checkpoints."""
        return self.folder / "checkpoints"


def run(config: TrainConfig, ticket: Ticket, place: Place, report: Reporter) -> dict[str, float]:
    """Train one replicate; returns its final metrics.

    It resumes from its checkpoint. Without one it goes on from the longest prefix of it that is
    kept (`frlib.train.prefix`), or begins. Every worker calls this; the first one evaluates,
    records and saves. `report` gets a row per epoch, with `epoch` and, on the first worker, every
    metric known so far.
    """
    part = part_of(config.tail)
    noisy = prepare(config.data, config.noise, ticket.seed, ticket.store, part)
    prepared, cleaning = cleaned(noisy, config.clean)
    if not place.is_first:
        return _train(config, ticket, place, report, prepared)
    prefixes = Prefixes(Artifacts(ticket.store), config, ticket)
    with ExitStack() as opened:
        with prefixes.longest() as found:
            writer = opened.enter_context(
                RunWriter(
                    ticket.study_folder,
                    study=ticket.study,
                    arm=ticket.arm,
                    seed=ticket.seed,
                    facts=run_facts.of(config, prepared, place)
                    | prefixes.facts(found)
                    | dict(ticket.facts),
                )
            )
            if found is not None:
                prefixes.hand_over(found, writer)
        if cleaning is not None and not prefixes.is_handed_over:
            cleaning.record(writer, is_new=not prefixes.has_begun)
        return _train(config, ticket, place, report, prepared, writer, prefixes)


def _train(
    config: TrainConfig,
    ticket: Ticket,
    place: Place,
    report: Reporter,
    prepared: Prepared,
    writer: RunWriter | None = None,
    prefixes: Prefixes | None = None,
) -> dict[str, float]:
    threads = torch.get_num_threads()
    keeper = Keeper(
        ticket.checkpoints,
        place,
        newest=config.keep_checkpoints,
        lowest_is_best=config.stopping.lowest_is_best,
    )
    row: dict[str, float] = {}
    done = None
    with ExitStack() as opened:
        pixels = open_training(config.data, prepared.train, ticket.store, threads)
        opened.enter_context(pixels)
        tail = opened.enter_context(opened_tail(config.data, prepared.tail, ticket.store, threads))
        opened.callback(keeper.settle)
        meter = opened.enter_context(cost.meter(place))
        old = None if config.compat is None else OldSide(config.compat, prepared.train)
        held_out = prepared.selection
        if held_out is not None and writer is not None:
            shown = open_for(config.data, held_out.manifest, ticket.store, threads)
            opened.enter_context(shown)
        passes = epochs(
            config,
            prepared.train,
            pixels,
            seed=ticket.seed,
            place=place,
            folder=ticket.folder,
            keeper=keeper,
            listener=Noting(writer),
            tail=tail,
            old=old,
            follow=ticket.follow,
        )
        opened.enter_context(closing(passes))
        for done in passes:
            if writer is not None:
                writer.require_newest()
            row |= done.row | cost.so_far(meter, place)
            if not done.is_again:
                score = None
                if held_out is not None and _is_selection_epoch(done.number, config):
                    if writer is not None:
                        row |= measuring.selected(config, done, place, shown, held_out)
                    score = place.told(row[config.stopping.name] if place.is_first else None)
                    done.state.progress.note(score, config.stopping)
                done.state.progress.last_row = dict(row)
                began = time.perf_counter()
                keeper.save(done.state, score)
                inside = done.row.get("time/checkpoint", 0.0)
                row["time/checkpoint"] = inside + time.perf_counter() - began
            if writer is not None and prefixes is not None:
                writer.add_facts({"precision": done.precision})
                if not (done.is_again and prefixes.is_handed_over):
                    is_selected = _is_selection_epoch(done.number, config)
                    _record(writer, prepared, done, row if is_selected else _unselected(row))
                if done.number in ticket.keep_at and done.state.is_between_epochs:
                    keeper.wait()
                    prefixes.keep(done.number, done.step)
            if config.stopping.ends(done.state.progress.waited):
                break
            if done.number < config.epochs:
                report({"epoch": done.number, **row})
    assert done is not None, "a run has at least one epoch"
    row |= _finish(config, ticket, place, prepared, done, writer, keeper, meter)
    report({"epoch": done.number, **row})
    return row


def _finish(
    config: TrainConfig,
    ticket: Ticket,
    place: Place,
    prepared: Prepared,
    done: Epoch,
    writer: RunWriter | None,
    keeper: Keeper,
    meter: Meter,
) -> dict[str, float]:
    """Benchmarks, the finished model, the end of the attempt; metrics of the model that counts."""
    found = cost.so_far(meter, place)
    if writer is not None and done.state.followed is not None:
        done.state.followed.write(ticket.folder)
    if config.stopping.model == "best" and keeper.restore_best(done.state):
        measured = done.state.progress.last_row
        found |= {n: v for n, v in measured.items() if n.startswith(_SELECTION)}
    tensors = done.state.model(only_first=True)
    if writer is not None:
        with done.state.evaluated():
            for one in prepared.benchmarks:
                threads = torch.get_num_threads()
                with open_for(config.data, one.manifest, ticket.store, threads) as pixels:
                    found |= measuring.benchmark(config, one, pixels, done, place, writer)
        save_model(tensors, ticket.folder / MODEL)
        writer.add_facts({"model": {"epoch": done.state.epoch, "step": done.state.step}})
        writer.add_facts({"energy": meter.names})
        images = images_in_step(config.batch_size, config.tail)
        found |= cost.of(done, images, place, writer, found.get(JOULES))
        writer.log(found, epoch=done.number, step=done.step)
        writer.require_newest()
        writer.finish("complete")
    keeper.clear()
    return found


def _is_selection_epoch(number: int, config: TrainConfig) -> bool:
    return number % config.select_every == 0 or number in (1, config.epochs)


def _unselected(row: Mapping[str, float]) -> dict[str, float]:
    """Without what an epoch before was measured at."""
    return {
        name: value
        for name, value in row.items()
        if not name.startswith((_SELECTION, measuring.SELECTION_TIME))
    }


def _record(writer: RunWriter, prepared: Prepared, done: Epoch, row: Mapping[str, float]) -> None:
    writer.log(row, epoch=done.number, step=done.step)
    found = done.verdicts
    if len(found.rows):
        writer.decisions(
            prepared.train.ids[found.rows],
            epoch=done.number - 1,
            kind=found.kind,
            given=found.given,
            proposed=found.proposed,
            score=found.score,
            true=prepared.train.true_labels[found.rows],
        )
    writer.flush()
