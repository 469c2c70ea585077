from collections.abc import Iterator
from pathlib import Path

import pytest

from frlib.cli.eval import given
from frlib.cli.options import run_folder
from frlib.core import published, safeio
from frlib.core.errors import ConfigError, RecordError
from frlib.evaluate import model
from frlib.remote import address, below
from tests.unit.remote.faulty import URI, Machines

RUN = "studies/mini/arms/3f/r0"


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setenv("FRLIB_WORK", str(tmp_path / "work"))
    made = Machines(tmp_path, monkeypatch)
    other = made.copy("other")
    for name in ("arm.json", "r0/model.safetensors", "r1/model.safetensors"):
        safeio.write_text(other.folder / "studies" / "mini" / "arms" / "3f" / name, name)
    other.flush()
    yield made
    for copy in published.copies():
        copy.close()
    made.close()


def test_found_when_a_run_is_named_by_its_uri_then_it_is_brought_and_no_other_model(
    machines: Machines,
) -> None:
    path = below.found(f"{URI}/{RUN}/")
    assert path == address.folder(URI) / RUN
    assert (path / "model.safetensors").read_text() == "r0/model.safetensors"
    assert (path.parent / "arm.json").is_file()
    assert not (path.parent / "r1").exists()


def test_found_when_the_uri_has_options_then_they_are_the_stores(machines: Machines) -> None:
    path = below.found(f"{URI}/{RUN}?region=x")
    assert path == address.folder(f"{URI}?region=x") / RUN


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (f"{URI}/studies/mini/arms/77/r0", RecordError, "no such file or folder"),
        (f"{URI}/models/3f", ConfigError, "s3://bucket/store/studies"),
    ],
)
def test_found_when_the_store_has_none_then_says_what_is_expected(
    text: str, error: type[Exception], told: str, machines: Machines
) -> None:
    with pytest.raises(error, match=told):
        below.found(text)


def test_found_when_it_is_a_path_then_it_is_that_path() -> None:
    assert below.found("a/r0") == run_folder("a/r0") == Path("a/r0")


def test_eval_when_a_model_is_named_by_the_uri_of_its_run_then_it_is_opened_here(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    def named(text: str) -> None:
        asked.append(text)
        raise ConfigError("far enough")

    monkeypatch.setattr(model, "named", named)
    with pytest.raises(ConfigError, match="far enough"):
        given.by_kind(f"{URI}/{RUN}", "cpu")
    with pytest.raises(ConfigError, match="far enough"):
        given.by_kind('{"name": "run", "path": "s3://is/not/looked/at"}', "cpu")
    assert asked[0] == str(address.folder(URI) / RUN)
    assert asked[1].startswith("{")
