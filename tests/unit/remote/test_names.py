import pytest

from frlib.remote import names

RUN = "studies/mini/arms/3f/r0"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{RUN}/a0/run.json", f"{RUN}/a0/run.json"),
        ("artifacts/prefix/3f/prefix.json", "artifacts/prefix/3f/prefix.json"),
        ("artifacts/prefix/.3f.aside-77/run/a.json", "artifacts/prefix/.3f.partial/run/a.json"),
        ("artifacts/prefix/.3f.lease-000001", None),
        ("artifacts/prefix/.3f.trash-77/a.json", None),
        (f"{RUN}/a0/.run.json.7-ab.part", None),
        ("studies/mini/.run.lock", None),
        ("studies/mini/mlflow.json", None),
        ("datasets/3f/pixels", None),
        ("embeddings/3f/a.npy", None),
        ("ray/mini/tune/x", None),
        ("mlflow.db", None),
        (".writable", None),
    ],
)
def test_key_when_a_file_is_of_this_machine_alone_then_it_has_none(
    name: str, expected: str | None
) -> None:
    assert names.key(name) == expected


def test_rank_when_files_are_ordered_then_what_says_that_others_are_whole_comes_last() -> None:
    found = ["a/run.json", "a/z.parquet", "a/000000004.json", "a/000000004.safetensors"]
    assert [key[-1] for key in sorted(found, key=names.rank)] == ["s", "t", "n", "n"]


def test_names_when_compared_with_those_of_a_study_then_are_equal() -> None:
    from frlib.rayrun import journal
    from frlib.records import halted
    from frlib.study import driver
    from frlib.track import memory

    assert (names.JOURNAL, names.STOP) == (journal.NAME, driver.STOP)
    assert memory.FILE == names.MIRRORED
    assert names.is_mirrored(f"studies/mini/{halted.NAME}")
