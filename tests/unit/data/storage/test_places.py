"""Paths and URIs: told apart, taken apart, and asked the same questions."""

import pickle
from pathlib import Path

import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.data.storage import listing, places
from frlib.data.storage.places import Remote, absolute, at, stamp
from tests.unit.data.storage.far_away import serve


def _tree(root: Path) -> Path:
    for name in ("a/1.jpg", "a/b/2.jpg", "a-b/3.jpg", "4.txt", "Zoë 5.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def test_at_when_local_then_a_path(tmp_path: Path) -> None:
    assert at(str(tmp_path)) == tmp_path
    assert at(f"file://{tmp_path}/a%20b") == tmp_path / "a b"
    assert at("~/x") == Path.home() / "x"


def test_remote_when_taken_apart_then_as_a_path_would(tmp_path, monkeypatch) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    place = at(f"{uri}/set/train.rec?region=eu")
    assert isinstance(place, Remote)
    assert (place.name, place.suffix, str(place)) == ("train.rec", ".rec", f"{uri}/set/train.rec")
    assert place.with_suffix(".idx") == place.parent / "train.idx" == place.with_name("train.idx")
    assert place.parent.options == "region=eu"
    assert absolute(place) == str(place)
    assert pickle.loads(pickle.dumps(place)) == place


def test_remote_when_asked_then_answers_as_the_local_one(tmp_path, monkeypatch) -> None:
    _tree(tmp_path)
    _, uri = serve(tmp_path, monkeypatch)
    for name in ("a", "a/1.jpg", "gone", "Zoë 5.txt"):
        here, there = at(str(tmp_path / name)), at(f"{uri}/{name}")
        assert (here.exists(), here.is_file(), here.is_dir()) == (
            there.exists(),
            there.is_file(),
            there.is_dir(),
        )
        if here.is_file():
            assert there.read_bytes() == here.read_bytes()
            assert stamp(there) == stamp(here)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_walk_when_listed_here_and_there_then_the_same_order(
    depth: int, tmp_path, monkeypatch
) -> None:
    _tree(tmp_path)
    system, uri = serve(tmp_path, monkeypatch)
    here = list(listing.walk(tmp_path, depth))
    there = list(listing.walk(at(uri), depth))
    assert [one[:2] for one in here] == [one[:2] for one in there]
    assert [one.name for one in here][:3] == (["4.txt", "Zoë 5.txt", "a"] if depth else [])
    assert len(system.asked) == 1
    names = [one.name for one in here]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert all(one.stamp == stamp(tmp_path / one.name) for one in there if not one.is_dir)


def test_entries_when_no_folder_then_error_names_it(tmp_path, monkeypatch) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    for folder in (tmp_path / "gone", at(f"{uri}/gone")):
        with pytest.raises(DataError, match="gone"):
            listing.entries(folder)


def test_stamp_when_no_file_then_error(tmp_path, monkeypatch) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    for place in (tmp_path / "gone", at(f"{uri}/gone")):
        with pytest.raises(DataError, match=r"gone.*expected a readable file"):
            stamp(place)


def test_at_when_scheme_is_unknown_then_config_error_shows_what_is_known() -> None:
    with pytest.raises(ConfigError, match=r"nope://host.*s3://bucket/folder"):
        at("nope://host/folder")


def test_at_when_a_package_is_missing_then_config_error_says_which(monkeypatch) -> None:
    def missing(uri: str):
        raise ImportError("Install huggingface_hub")

    monkeypatch.setattr(places, "open_system", missing)
    with pytest.raises(ConfigError, match="huggingface_hub; install"):
        at("hf2://datasets/faces")


def test_at_when_arrow_knows_the_scheme_then_its_file_system_serves() -> None:
    place = at("fsspec+memory://faces/set")
    assert isinstance(place, Remote)
    system, path = place.system()
    system.create_dir(path)
    with system.open_output_stream(f"{path}/x.bin") as file:
        file.write(b"abc")
    assert (place / "x.bin").read_bytes() == b"abc"
    assert [one.name for one in listing.entries(place)] == ["x.bin"]
    assert stamp(place / "x.bin").size == 3
