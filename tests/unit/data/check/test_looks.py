import io

import numpy as np
from PIL import Image

from frlib.data import catalog
from frlib.data.check.looks import FLAT, KINDS, SEEN, UNREADABLE, Looks, look
from frlib.data.convert.watch import Logged
from frlib.data.manifest import Manifest
from frlib.data.sources import synth
from tests.unit.data.check.made import faces, folder, jpeg, pixels
from tests.unit.data.tiny_sets import encoded


def _look(source, tmp_path, sample: int = 0) -> tuple[Manifest, Looks]:
    manifest = catalog.scan(source, tmp_path / "store")
    return manifest, look(manifest, Logged(), sample)


def test_look_when_all_is_well_then_sizes_kinds_and_states(tmp_path) -> None:
    everyone = faces(3, 2)
    everyone["train00"]["0.jpg"] = jpeg(pixels(1, 1)[0][:40])
    _, found = _look(folder(tmp_path / "a", everyone), tmp_path)
    assert (found.states == SEEN).all()
    assert found.widths.tolist() == [48] * 6
    assert found.heights.tolist() == [40] + [48] * 5
    assert {KINDS[kind] for kind in found.kinds} == {"colour"}
    assert not found.reasons


def test_look_when_images_are_damaged_then_reasons_group_them(tmp_path) -> None:
    everyone = faces(3, 3)
    for file in ("0.jpg", "2.jpg"):
        everyone["train01"][file] = everyone["train01"][file][:-200]
    everyone["train02"]["1.jpg"] = b"no image"
    manifest, found = _look(folder(tmp_path / "a", everyone), tmp_path)
    failed = {reason: sorted(manifest.ids[rows]) for reason, rows in found.reasons.items()}
    assert sorted(failed.values()) == [["train01/0.jpg", "train01/2.jpg"], ["train02/1.jpg"]]
    assert not any(letter.isdigit() for reason in failed for letter in reason)
    assert (found.states == UNREADABLE).sum() == 3


def test_look_when_pixels_are_of_many_kinds_then_each_is_named(tmp_path) -> None:
    picture = pixels(1, 1)[0]
    grey = picture[..., 0]
    kinds = {
        "alpha.png": encoded(np.dstack([picture, grey]), "PNG"),
        "cmyk.jpg": _converted(picture, "CMYK", "JPEG"),
        "grey.png": encoded(grey, "PNG"),
        "palette.png": _converted(picture, "P", "PNG"),
        "colour.png": encoded(picture, "PNG"),
    }
    manifest, found = _look(folder(tmp_path / "a", {"p": kinds}), tmp_path)
    told = {str(i): KINDS[kind] for i, kind in zip(manifest.ids, found.kinds, strict=True)}
    assert told == {f"p/{name}": name.partition(".")[0] for name in kinds}
    assert (found.states == SEEN).all()


def test_look_when_pictures_show_nothing_then_flat(tmp_path) -> None:
    everyone = faces(1, 1) | {"q": {"0.png": encoded(np.full((9, 9, 3), 80, np.uint8), "PNG")}}
    _, found = _look(folder(tmp_path / "a", everyone), tmp_path)
    assert found.states.tolist() == [FLAT, SEEN]


def test_look_when_a_sample_is_asked_then_that_many_and_always_the_same(tmp_path) -> None:
    source = folder(tmp_path / "a", faces(4, 3))
    _, one = _look(source, tmp_path, 5)
    _, two = _look(source, tmp_path, 5)
    assert len(set(one.rows.tolist())) == 5
    assert one.rows.tolist() == sorted(two.rows.tolist())
    _, whole = _look(source, tmp_path)
    np.testing.assert_array_equal(one.coarse, whole.coarse[one.rows])


def test_look_when_a_source_paints_then_no_sizes_but_hashes(tmp_path) -> None:
    _, found = _look(synth.Config(identities=3, images=2), tmp_path)
    assert (found.states == SEEN).all()
    assert not found.widths.any()
    assert len(set(found.coarse.tolist())) == 6


def test_look_when_order_is_stated_then_red_and_blue_change_over(tmp_path) -> None:
    source = folder(tmp_path / "a", faces(2, 2))
    turned = source.model_copy(update={"colour": "BGR"})
    (_, one), (_, two) = _look(source, tmp_path), _look(turned, tmp_path)
    np.testing.assert_allclose(one.red_minus_blue, -two.red_minus_blue)


def _converted(picture: np.ndarray, mode: str, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(out, kind)
    return out.getvalue()
