"""What a run's model is measured by: held-out people, and benchmarks with every pair's score."""

import time
from typing import Any

import numpy as np

from frlib.data import catalog
from frlib.data.pixels.batches import Pixels
from frlib.data.prepare import PairSet
from frlib.evaluate import pairs10
from frlib.records.write import RunWriter
from frlib.train.config import TrainConfig
from frlib.train.crosstest import CrossTest
from frlib.train.loop import Epoch
from frlib.train.place import Place

SELECTION_TIME = "time/selection"
_SCORED = ("fold", "same", "score", "threshold", "correct")


def selected(
    config: TrainConfig, done: Epoch, place: Place, shown: Pixels, held_out: PairSet
) -> dict[str, float]:
    """`selection/*` of an epoch's model, and the seconds it took."""
    began = time.perf_counter()
    test = _crosstest(config, done)
    crossed = None if test is None else test.selection(held_out.manifest)
    with done.state.evaluated():
        view = _view(done, place)
        found = pairs10.selection(view, shown, held_out.pairs, crossed)
    return found | {SELECTION_TIME: time.perf_counter() - began}


def benchmark(
    config: TrainConfig, one: PairSet, pixels: Pixels, done: Epoch, place: Place, writer: RunWriter
) -> dict[str, float]:
    """Metrics of the finished model on one benchmark; scores of its pairs go into the records."""
    row: dict[str, float] = {}
    protocols = {}
    view, test, people = _view(done, place), _crosstest(config, done), _people(one)
    crossed = None if test is None else test.benchmark(one)
    if test is not None and crossed is not None:
        row |= test.backfill(one, view, pixels, crossed)
    for outcome in pairs10.benchmark(view, one.name, pixels, one.pairs, config.variants, crossed):
        row |= outcome.metrics()
        arrays = {name: getattr(outcome, name) for name in _SCORED} | people
        writer.pair_scores(outcome.benchmark, outcome.name, arrays)
        protocols[outcome.name] = outcome.protocol
    writer.add_facts({f"protocols/{one.name}": protocols})
    return row


def _view(done: Epoch, place: Place) -> pairs10.View:
    return pairs10.View(done.state.trainee.backbone, place.device, done.cast)


def _crosstest(config: TrainConfig, done: Epoch) -> CrossTest | None:
    """For a run with an old model."""
    compat = done.state.trainee.compat
    if config.compat is None or compat is None:
        return None
    return CrossTest(config.compat, compat)


def _people(one: PairSet) -> dict[str, Any]:
    """Who is on either side of every pair, where the identities of the images are people."""
    if not all(catalog.has_people(reader) for reader in one.manifest.readers):
        return {}
    labels = one.manifest.labels.astype(np.int32)
    return {"left_person": labels[one.pairs.left], "right_person": labels[one.pairs.right]}
