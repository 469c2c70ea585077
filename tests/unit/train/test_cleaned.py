"""What a run trains on after findings, and what it writes down about them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from frlib.cleaning import findings
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError
from frlib.data.manifest import Manifest
from frlib.data.prepare import Prepared, prepare
from frlib.records import first_epochs, layout, ledger, parts
from frlib.train import replicate, reporter
from frlib.train.clean import Clean
from frlib.train.cleaned import BEFORE, cleaned
from frlib.train.replicate import Ticket
from frlib.train.start import MODEL
from tests.unit.cleaning.worlds import nothing
from tests.unit.stages.runs import config
from tests.unit.train.worlds import HERE, are_equal


@pytest.fixture
def noisy(tmp_path: Path) -> Prepared:
    """The noisy set of the small run."""
    return prepare(config().data, config().noise, 0, tmp_path)


def _truth(train: Manifest) -> Findings:
    """A perfect rule's."""
    wrong = train.true_labels != train.labels
    return Findings(
        kind="oracle",
        ids=train.ids,
        identities=train.identities,
        given=train.labels,
        is_flagged=wrong,
        proposed=np.where(wrong, train.true_labels, NO_PROPOSAL),
        suspicion=wrong.astype(np.float64),
    )


def _clean(found: Findings, folder: Path, apply: Apply = "both") -> Clean:
    findings.write(found, folder / "findings.parquet")
    return Clean.parse({"path": str(folder / "findings.parquet"), "apply": apply})


def test_cleaned_when_nobody_is_asked_then_the_set_is_untouched(noisy: Prepared) -> None:
    assert cleaned(noisy, Clean()) == (noisy, None)


def test_cleaned_when_nothing_is_flagged_then_the_set_is_the_same(
    noisy: Prepared, tmp_path: Path
) -> None:
    train = noisy.train
    silent = nothing("none", train.ids, train.identities, train.labels)
    left, cleaning = cleaned(noisy, _clean(silent, tmp_path))
    assert left.train.digest == train.digest and cleaning is not None
    assert cleaning.scores["cleaning/flagged"] == 0 and cleaning.scores["cleaning/recall"] == 0


def test_cleaned_when_the_truth_is_told_then_every_label_is_right(
    noisy: Prepared, tmp_path: Path
) -> None:
    left, cleaning = cleaned(noisy, _clean(_truth(noisy.train), tmp_path))
    train = left.train
    assert np.array_equal(train.labels, train.true_labels) and not train.kinds.any()
    assert len(train) == len(noisy.train)
    assert cleaning is not None
    told = {name: cleaning.scores[f"cleaning/{name}"] for name in ("precision", "recall", "harm")}
    assert told == {"precision": 1, "recall": 1, "harm": 0}
    about = train.facts["cleaning"]
    assert about["relabelled"] == cleaning.scores["cleaning/flagged"] > 0
    assert about["scores"]["metrics"]["recall"] == 1
    assert left.selection is noisy.selection and left.benchmarks is noisy.benchmarks


def test_cleaned_when_dropped_then_only_right_labels_are_left(
    noisy: Prepared, tmp_path: Path
) -> None:
    left, _ = cleaned(noisy, _clean(_truth(noisy.train), tmp_path, "drop"))
    wrong = int((noisy.train.labels != noisy.train.true_labels).sum())
    assert len(left.train) == len(noisy.train) - wrong
    assert left.train.facts["cleaning"]["dropped"] == wrong > 0


def test_cleaned_when_a_stage_is_not_done_then_says_what_to_give(noisy: Prepared) -> None:
    for clean in (Clean(stage="listed"), Clean.parse({"rule": "boundary"})):
        with pytest.raises(ConfigError, match=r"is not done.*Give clean\.path"):
            cleaned(noisy, clean)


def test_cleaned_when_too_little_is_left_then_it_is_the_configs_fault(
    noisy: Prepared, tmp_path: Path
) -> None:
    """Trying again, as after damaged data, would not help: the arm has failed."""
    everything = np.ones(len(noisy.train), dtype=bool)
    found = replace(_truth(noisy.train), is_flagged=everything)
    with pytest.raises(ConfigError, match=r"clean: findings of 'oracle'.*leaves 0 of 8 classes"):
        cleaned(noisy, _clean(found, tmp_path, "drop"))


def test_cleaned_when_the_file_is_gone_or_another_then_refuses(
    noisy: Prepared, tmp_path: Path
) -> None:
    clean = _clean(_truth(noisy.train), tmp_path)
    path = Path(clean.path)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DataError, match="these are other findings"):
        cleaned(noisy, clean)
    path.unlink()
    with pytest.raises(DataError, match="no such file"):
        cleaned(noisy, clean)


def test_cleaned_when_the_findings_are_of_another_noise_draw_then_refuses(
    noisy: Prepared, tmp_path: Path
) -> None:
    other = prepare(config().data, config().noise, 1, tmp_path)
    with pytest.raises(DataError, match="findings are of another noise draw or seed"):
        cleaned(noisy, _clean(_truth(other.train), tmp_path))


def test_run_when_nothing_is_flagged_then_the_model_is_that_of_the_run_that_is_not_cleaned(
    noisy: Prepared, tmp_path: Path
) -> None:
    """Cleaning by nothing is no cleaning, to the bit."""
    train = noisy.train
    silent = nothing("none", train.ids, train.identities, train.labels)
    models = []
    for name, clean in (("plain", Clean()), ("silent", _clean(silent, tmp_path))):
        ticket = Ticket(tmp_path, "by_nothing", name, 0)
        replicate.run(config(clean=clean), ticket, HERE, reporter.silent)
        models.append(load_file(ticket.folder / MODEL))
    assert are_equal(*models)


def test_run_when_cleaned_then_decisions_and_scores_are_on_record_before_the_first_epoch(
    noisy: Prepared, tmp_path: Path
) -> None:
    found = _truth(noisy.train)
    found = replace(found, suspicion=np.where(found.is_flagged, 0.75, 0.25))
    ticket = Ticket(tmp_path, "cleaned", "arm", 0)
    replicate.run(config(clean=_clean(found, tmp_path)), ticket, HERE, reporter.silent)
    attempt = ledger.completed(ticket.folder)
    assert attempt is not None
    metrics = ledger.final_metrics(attempt)
    assert metrics["cleaning/recall"] == 1 and metrics["selection/auc"] >= 0
    rows = first_epochs.gather(ticket.folder, 2)["decisions"].to_pandas()
    told = rows[rows["epoch"] == BEFORE]
    assert sorted(told["sample"]) == sorted(found.ids[found.is_flagged].tolist())
    assert set(told["kind"]) == {"oracle"} and set(told["score"]) == {0.75}
    assert (told["proposed"] == told["true"]).all() and (told["given"] != told["true"]).all()
    facts = safeio.read_json(attempt / "run.json")["facts"]
    assert facts["realised"]["cleaning"]["relabelled"] == len(told)


def test_run_when_interrupted_then_its_last_attempt_has_the_scores_as_well(
    noisy: Prepared, tmp_path: Path
) -> None:
    run = config(clean=_clean(_truth(noisy.train), tmp_path))
    ticket = Ticket(tmp_path, "cleaned", "arm", 0)

    def cut(row: Mapping[str, float]) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        replicate.run(run, ticket, HERE, cut)
    replicate.run(run, ticket, HERE, reporter.silent)
    attempt = ledger.completed(ticket.folder)
    assert attempt is not None and attempt.name == "a1"
    assert ledger.final_metrics(attempt)["cleaning/recall"] == 1
    told = [
        sum(parts.read(path, "decisions").num_rows for path in layout.parts(one, "decisions"))
        for one in first_epochs.attempts(ticket.folder)
    ]
    assert told[0] > 0 and told[1] == 0, "decisions are told once"
