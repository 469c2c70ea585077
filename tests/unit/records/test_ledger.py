"""What an arm has shown, read back from its records."""

from pathlib import Path

import pytest

from frlib.core.errors import RecordError
from frlib.records import declare, layout
from frlib.records.ledger import course, entries, finals
from frlib.records.write import RunWriter

METRIC = "selection/auc"
ARM = "0123456789abcdef"


def _write(folder: Path, seed: int, values: list[float | None], *, ends: bool = True) -> None:
    """An attempt with these values of its epochs; None: not measured."""
    with RunWriter(folder, study="s", arm=ARM, seed=seed, facts={}) as writer:
        for number, value in enumerate(values):
            row = {"train/loss": 1.0} | ({} if value is None else {METRIC: value})
            writer.log(row, epoch=number + 1, step=number + 1)
        writer.finish("complete" if ends else "stopped")


def _course(folder: Path) -> dict[int, float]:
    return course(layout.arm_folder(folder, ARM), METRIC, (0, 1), 4)


def test_course_when_replicates_are_whole_then_is_the_mean_so_far(tmp_path: Path) -> None:
    _write(tmp_path, 0, [0.1, 0.2, 0.3, 0.4])
    _write(tmp_path, 1, [0.6, 0.8], ends=False)
    wanted = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5, 6: 0.6}
    assert _course(tmp_path) == pytest.approx(wanted)


def test_course_when_an_epoch_is_not_measured_then_shows_the_one_before(tmp_path: Path) -> None:
    _write(tmp_path, 0, [0.1, 0.2, None], ends=False)
    assert _course(tmp_path) == {1: 0.1, 2: 0.2, 3: 0.2}


def test_course_when_a_replicate_stopped_early_then_the_next_one_goes_on(tmp_path: Path) -> None:
    _write(tmp_path, 0, [0.1, 0.2])
    _write(tmp_path, 1, [0.6], ends=False)
    assert _course(tmp_path) == pytest.approx({1: 0.1, 2: 0.2, 4: 0.2, 5: 0.4})


def test_course_when_a_run_was_broken_off_then_its_later_attempt_counts(tmp_path: Path) -> None:
    _write(tmp_path, 0, [0.1, 0.2], ends=False)
    _write(tmp_path, 0, [None, 0.7, 0.9], ends=False)
    assert _course(tmp_path) == {1: 0.1, 2: 0.7, 3: 0.9}


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("run.json", "delete the whole attempt folder"),
        ("arm.json", "delete the arm's whole folder"),
    ],
)
def test_entries_when_a_file_is_half_then_error_names_it_and_says_what_helps(
    name: str, advice: str, tmp_path: Path
) -> None:
    declare.write_arm(tmp_path, {"arm": ARM})
    _write(tmp_path, 0, [0.1])
    (damaged,) = tmp_path.rglob(name)
    damaged.write_bytes(damaged.read_bytes()[:40])
    with pytest.raises(RecordError, match=rf"{name}: cannot be read as JSON .*{advice}"):
        list(entries(tmp_path))


@pytest.mark.parametrize(
    ("content", "lacks"),
    [("[]", "an object"), ('{"schema": 2}', "seconds, status")],
)
def test_entries_when_a_run_says_too_little_then_error_names_what_lacks(
    content: str, lacks: str, tmp_path: Path
) -> None:
    declare.write_arm(tmp_path, {"arm": ARM})
    _write(tmp_path, 0, [0.1])
    next(tmp_path.rglob("run.json")).write_text(content)
    with pytest.raises(RecordError, match=rf"run\.json: lacks {lacks}\. Restore"):
        list(entries(tmp_path))


def test_finals_when_a_part_is_damaged_then_error_names_it(tmp_path: Path) -> None:
    _write(tmp_path, 0, [0.1])
    arm = layout.arm_folder(tmp_path, ARM)
    assert finals(arm, METRIC, (0,)) == {0: 0.1}
    next(tmp_path.rglob("metrics-*")).write_bytes(b"")
    with pytest.raises(RecordError, match="its checksum"):
        finals(arm, METRIC, (0,))


def test_recorded_studies_when_a_rebuilding_was_killed_then_its_rest_is_none(
    tmp_path: Path,
) -> None:
    for name in ("whole", ".whole.ab12"):
        declare.write_study(layout.study_folder(tmp_path, name), {"name": "whole"})
    assert layout.recorded_studies(tmp_path) == ("whole",)
