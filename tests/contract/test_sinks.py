"""Every written format: what comes out is what went in, from and to every other format."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core import discover
from frlib.core.config import digest
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog
from frlib.data.convert.run import convert
from frlib.data.reader import ByteReader
from frlib.data.sink import Item, Outline
from tests.unit.data.tiny_sets import encoded, jpeg, rows, write_folder

PACKAGE = "frlib.data.sinks"
SINKS = discover.choices(PACKAGE)
PNG = encoded(np.arange(300, dtype=np.uint8).reshape(10, 10, 3), "PNG")
EVERYONE = {
    "Zoë_北京": {"a b.jpg": jpeg(1), "ü.png": PNG, "9.jpg": jpeg(2)},
    "alone": {"0.jpg": jpeg(3)},
    "p00": {"0.jpg": jpeg(4), "1.PNG": PNG},
}


def _config(name: str, path: Path, **values: Any) -> Any:
    return discover.load(PACKAGE, name).Config(path=str(path), **values)


def _folder(root: Path) -> Any:
    write_folder(root, EVERYONE)
    return discover.load("frlib.data.sources", "image_folder").Config(path=str(root))


def _source(config: Any) -> Any:
    return discover.load(PACKAGE, config.name).source(config, "RGB")


def _content(config: Any, store: Path) -> list[tuple[str, bytes]]:
    """(identity, bytes) of every image, sorted."""
    found, reader = catalog.scan(config, store), catalog.open_reader(config)
    assert isinstance(reader, ByteReader)
    names = [found.identities[label] for label in found.labels]
    images = [reader.read(ref) for ref in found.refs.tolist()]
    return sorted(zip(names, images, strict=True))


EXPECTED = sorted((person, data) for _, person, data in rows(EVERYONE))


@pytest.mark.parametrize("name", SINKS)
def test_module_when_listed_then_defines_the_contract(name: str) -> None:
    module = discover.load(PACKAGE, name)
    assert list(module.Config.model_fields)[:2] == ["name", "path"]
    assert module.Config.model_fields["name"].default == name
    assert digest(_config(name, Path("here"))) == digest(_config(name, Path("there")))
    assert all(suffix.startswith(".") for suffix in module.SUFFIXES)
    assert callable(module.open_sink)
    assert callable(module.stored_names)
    assert _source(_config(name, Path("here"))).name == name
    with pytest.raises(ConfigError, match="path: missing"):
        module.Config.parse({"name": name})


def test_suffixes_when_all_are_gathered_then_none_asks_for_two_formats() -> None:
    found = [one for name in SINKS for one in discover.load(PACKAGE, name).SUFFIXES]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("last", SINKS)
@pytest.mark.parametrize("first", SINKS)
def test_convert_when_from_one_format_to_another_then_equal_bytes_and_names(
    first: str, last: str, tmp_path: Path
) -> None:
    middle, end = _config(first, tmp_path / "middle"), _config(last, tmp_path / "end")
    store = tmp_path / "store"
    convert(_folder(tmp_path / "faces"), middle, store)
    done = convert(_source(middle), end, store)
    assert (done.images, done.identities, done.verified) == (6, 3, True)
    assert done.bytes == sum(len(data) for _, data in EXPECTED)
    assert _content(_source(end), store) == EXPECTED
    assert sorted(p.name for p in tmp_path.iterdir()) == ["end", "faces", "middle", "store"]


@pytest.mark.parametrize("name", SINKS)
def test_convert_when_done_twice_then_the_same_files(name: str, tmp_path: Path) -> None:
    source = _folder(tmp_path / "faces")
    for target in ("one", "two"):
        convert(source, _config(name, tmp_path / target), tmp_path / "store")
    one, two = (
        {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        for root in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two


@pytest.mark.parametrize("name", SINKS)
def test_convert_when_stored_bgr_then_the_written_set_says_so(name: str, tmp_path: Path) -> None:
    source = _folder(tmp_path / "faces").model_copy(update={"colour": "BGR"})
    target = _config(name, tmp_path / "made")
    convert(source, target, tmp_path / "store")
    reads = discover.load(PACKAGE, name).source(target, "BGR")
    assert catalog.scan(reads, tmp_path / "store").colour == "BGR"


@pytest.mark.parametrize("name", SINKS)
def test_stored_names_when_identities_are_odd_then_distinct_or_refused(name: str) -> None:
    odd = ("..", "/etc/passwd", "a/b", "a\\b", "a b", ".hidden", "C:", "x\n", "ends ")
    module = discover.load(PACKAGE, name)
    try:
        found = module.stored_names(_config(name, Path("x")), odd)
    except DataError as error:
        assert repr("a b") in str(error)
        return
    assert len(set(found)) == len(odd)
    if found != odd:
        assert not any(set(one) & set("/\\:\n") or one.startswith(".") for one in found)


@pytest.mark.parametrize("name", SINKS)
def test_convert_when_identities_and_ids_lead_elsewhere_then_all_stays_inside(
    name: str, tmp_path: Path
) -> None:
    module = discover.load(PACKAGE, name)
    config = _config(name, tmp_path / "deep" / "made")
    outline = Outline(identities=("..", "a/../../b"), class_sizes=np.array([1, 1]))
    folder = tmp_path / "deep" / "set"
    folder.mkdir(parents=True)
    sink = module.open_sink(config, folder, outline, None)
    sink.add(Item("../../x.jpg", "..", 0, jpeg(0)))
    sink.add(Item("/..", "a/../../b", 1, jpeg(1)))
    sink.finish()
    sink.close()
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["set"]
