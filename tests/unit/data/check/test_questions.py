"""Every question on a set with planted flaws, and on one without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.check import looks, run
from frlib.data.check.questions import colour, consistency, counts, tail
from frlib.data.check.subject import Faces, Limits, Subject
from frlib.data.convert.watch import Logged
from frlib.data.sources import parquet, recordio
from frlib.data.texts import Texts
from frlib.data.vectors import Vectors
from tests.unit.data.check.made import (
    answer,
    checked,
    faces,
    folder,
    found,
    jpeg,
    pixels,
    stored_again,
)
from tests.unit.data.tiny_sets import encoded, manifest, people, write_parquet, write_records


def _subject(made, looked: looks.Looks | None = None) -> Subject:
    own = Faces(name="a", place=0, config=recordio.Config(path="-"), manifest=made, looks=looked)  # type: ignore[arg-type]
    return Subject(own=own, against=(), vectors=(), embed=None, limits=Limits())


def test_check_when_a_set_is_clean_then_nothing_is_found(tmp_path: Path) -> None:
    report = checked(folder(tmp_path / "a", faces(6, 4)), tmp_path)
    assert report.findings == ()
    assert not report.failed(strict=True)
    assert [one.name for one in report.sections] == [
        "counts",
        "tail",
        "readable",
        "shapes",
        "copies",
        "near_copies",
        "colour",
        "consistency",
    ]


def test_rules_when_listed_then_names_are_distinct_and_every_rule_says_what_to_do() -> None:
    rules = run.rules()
    assert len({rule.name for rule in rules}) == len(rules) > 15
    assert all(rule.when and rule.do.endswith(".") for rule in rules)


def test_counts_when_sizes_differ_then_as_counted_by_hand() -> None:
    facts = counts.ask(_subject(manifest(1, 2, 3, 10))).facts
    assert facts == {
        "identities": 4,
        "images": 16,
        "fewest images": 1,
        "median": 2.5,
        "mean": 4.0,
        "most images": 10,
        "with one image": 1,
    }


@pytest.mark.parametrize(
    ("sizes", "rules"),
    [((1, 1, 1), ["nobody-twice"]), ((4,), ["one-person"]), ((1,), ["nobody-twice", "one-person"])],
)
def test_counts_when_nobody_can_be_verified_then_error(sizes, rules) -> None:
    findings = counts.ask(_subject(manifest(*sizes))).findings
    assert [(one.rule, one.severity) for one in findings] == [(rule, "error") for rule in rules]


def test_tail_when_sizes_differ_then_bins_of_powers_of_two() -> None:
    rows = tail.ask(_subject(manifest(1, 1, 2, 3, 4, 9))).rows
    assert [tuple(row.values()) for row in rows] == [
        ("1", 2, 2),
        ("2-3", 2, 5),
        ("4-7", 1, 4),
        ("8-15", 1, 9),
    ]


def test_tail_when_one_has_all_but_a_few_then_gini_and_head_say_so() -> None:
    """19 people of 1 image and one of 81: the two largest have 82 of 100; G = 1520 / 2000."""
    facts = tail.ask(_subject(manifest(*[1] * 19, 81))).facts
    assert facts["share of images in the largest 10 % of identities"] == 0.82
    assert facts["Gini"] == 0.76


def test_gini_when_written_as_mean_difference_then_equal() -> None:
    """G = mean |n_i - n_j| / (2 mean n)."""
    sizes = np.sort(np.random.default_rng(0).integers(1, 50, 30))
    mean_difference = np.abs(sizes[:, None] - sizes[None]).mean()
    assert tail.gini(sizes) == pytest.approx(mean_difference / (2 * sizes.mean()))
    assert tail.gini(np.array([5, 5, 5])) == 0


def test_readable_when_images_are_damaged_then_errors_by_reason(tmp_path: Path) -> None:
    everyone = faces(3, 3)
    everyone["train01"]["0.jpg"] = everyone["train01"]["0.jpg"][:-300]
    everyone["train02"]["1.jpg"] = everyone["train02"]["2.jpg"] = b"no image at all"
    everyone["train02"]["0.jpg"] = b""
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    damaged = [one for one in report.findings if one.rule == "unreadable"]
    assert [one.count for one in damaged] == [2, 1]
    assert damaged[0].examples == ("train02/1.jpg", "train02/2.jpg")
    assert found_zero(report) == (1, ("train02/0.jpg",))
    assert answer(report, "readable").facts["cannot be decoded"] == 4
    assert report.failed(strict=False)


def found_zero(report) -> tuple[int, tuple[str, ...]]:
    one = next(one for one in report.findings if one.rule == "zero-bytes")
    return one.count, one.examples


def test_readable_when_pictures_are_blank_then_warning_with_pictures(tmp_path: Path) -> None:
    everyone = faces(3, 2)
    everyone["train01"]["2.png"] = encoded(np.full((48, 48, 3), 7, np.uint8), "PNG")
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    blank = found(report)["blank"]
    assert (blank.count, blank.examples) == (1, ("train01/2.png",))
    assert [picture.row for (picture,) in blank.pictures] == [4]
    assert not report.failed(strict=False)
    assert report.failed(strict=True)


def test_shapes_when_images_are_cut_unalike_then_warnings(tmp_path: Path) -> None:
    picture = pixels(1, 1, "eval")[0]
    everyone = faces(3, 2)
    everyone["train00"]["2.jpg"] = jpeg(picture[:40])
    everyone["train01"]["2.jpg"] = jpeg(picture[:32, :32])
    everyone["train02"]["2.png"] = encoded(picture[..., 0], "PNG")
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    warnings = found(report)
    assert {rule: one.count for rule, one in warnings.items()} == {
        "other-size": 2,
        "not-square": 1,
        "mixed-kinds": 1,
    }
    assert warnings["mixed-kinds"].examples == ("train02/2.png",)
    assert answer(report, "shapes").rows[0] == {"size": "48 x 48", "images": 7}


def test_copies_when_files_repeat_then_within_and_across_are_told_apart(tmp_path: Path) -> None:
    everyone = faces(4, 2)
    everyone["train00"]["again.jpg"] = everyone["train00"]["0.jpg"]
    everyone["train02"]["other.jpg"] = everyone["train01"]["1.jpg"]
    everyone["train03"]["other.jpg"] = everyone["train01"]["1.jpg"]
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    both = found(report)
    assert both["same-file-two-people"].severity == "error"
    assert both["same-file-two-people"].examples == (
        "train01/1.jpg = train02/other.jpg = train03/other.jpg",
    )
    assert both["same-file-twice"].examples == ("train00/0.jpg = train00/again.jpg",)
    assert answer(report, "copies").facts["images too many"] == 3
    assert answer(report, "near_copies").facts["compared"] == 8


def test_near_copies_when_stored_again_then_found_and_told_apart(tmp_path: Path) -> None:
    everyone = faces(5, 3)
    everyone["train00"]["again.jpg"] = stored_again(everyone["train00"]["1.jpg"], tmp_path)
    everyone["train03"]["other.jpg"] = stored_again(everyone["train02"]["2.jpg"], tmp_path)
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    both = found(report)
    assert both["near-copy"].examples == ("train00/1.jpg ~ train00/again.jpg",)
    assert both["near-copy-two-people"].examples == ("train02/2.jpg ~ train03/other.jpg",)
    assert {one.severity for one in both.values()} == {"warning"}


def test_near_copies_when_limits_are_zero_then_the_same_hash_is_needed(tmp_path: Path) -> None:
    everyone = faces(3, 2)
    everyone["train00"]["again.jpg"] = stored_again(everyone["train00"]["1.jpg"], tmp_path, 30)
    source = folder(tmp_path / "a", everyone)
    assert found(checked(source, tmp_path))
    assert not found(checked(source, tmp_path, coarse_bits=0, fine_bits=0))


def test_near_copies_when_a_bucket_is_full_then_warning_counts_it(tmp_path: Path) -> None:
    everyone = faces(3, 2)
    first = everyone["train00"]["0.jpg"]
    everyone["train00"] |= {f"{q}.jpg": stored_again(first, tmp_path, q) for q in (80, 81, 82, 83)}
    report = checked(folder(tmp_path / "a", everyone), tmp_path, coarse_bits=0, most_in_bucket=2)
    crowded = found(report)["crowded"]
    assert 3 <= crowded.count <= 5


@pytest.mark.parametrize("stated", ["RGB", "BGR"])
def test_colour_when_stored_as_stated_then_rgb(tmp_path: Path, stated: str) -> None:
    everyone = _stored(stated)
    report = checked(folder(tmp_path / "a", everyone, colour=stated), tmp_path)
    assert answer(report, "colour").facts["read so, it"] == "is RGB"
    assert "colour-order" not in found(report)


@pytest.mark.parametrize("stored", ["RGB", "BGR"])
def test_colour_when_stored_otherwise_then_error_says_which(tmp_path: Path, stored: str) -> None:
    stated = "BGR" if stored == "RGB" else "RGB"
    report = checked(folder(tmp_path / "a", _stored(stored), colour=stated), tmp_path)
    wrong = found(report)["colour-order"]
    assert wrong.severity == "error"
    assert f"read with colour={stated}" in wrong.says
    assert wrong.says.endswith(f"stored as {stored}?")


def _stored(order: str) -> dict[str, dict[str, bytes]]:
    painted = pixels(8, 3)
    stored = painted if order == "RGB" else painted[..., ::-1]
    return {
        f"p{k}": {f"{i}.png": encoded(stored[3 * k + i], "PNG") for i in range(3)} for k in range(8)
    }


def test_colour_when_images_are_grey_then_no_verdict(tmp_path: Path) -> None:
    grey = pixels(8, 3)[..., 1]
    everyone = {
        f"p{k}": {f"{i}.png": encoded(grey[3 * k + i], "PNG") for i in range(3)} for k in range(8)
    }
    report = checked(folder(tmp_path / "a", everyone), tmp_path)
    assert answer(report, "colour").facts["read so, it"] == "grey"


@pytest.mark.parametrize(
    ("decoded", "votes", "red", "verdict"),
    [
        (100, 100, 80, "RGB"),
        (100, 100, 79, "undecided"),
        (100, 100, 21, "undecided"),
        (100, 100, 20, "looks like BGR"),
        (100, 10, 10, "grey"),
        (100, 11, 11, "undecided"),
        (19, 19, 19, "undecided"),
        (20, 20, 20, "RGB"),
        (0, 0, 0, "undecided"),
    ],
)
def test_judge_when_at_its_edges_then_as_the_rule_says(decoded, votes, red, verdict) -> None:
    assert colour.judge(decoded, votes, red) == verdict


def test_consistency_when_names_differ_in_form_only_then_warning(tmp_path: Path) -> None:
    found_faces = faces(4, 2)
    names = ["Ann_Lee", "ann lee", "Bob-2", "Bob_20"]
    everyone = dict(zip(names, found_faces.values(), strict=True))
    alike = found(checked(folder(tmp_path / "a", everyone), tmp_path))["names-alike"]
    assert alike.examples == ("Ann_Lee = ann lee",)


def test_consistency_when_a_class_has_no_image_then_warning() -> None:
    made = manifest(2, 2)
    short = replace(made, identities=(*made.identities, "nobody"))
    (one,) = consistency.ask(_subject(short)).findings
    assert (one.rule, one.examples) == ("no-image", ("nobody",))


def test_consistency_when_ids_repeat_then_error() -> None:
    made = manifest(2, 2)
    ids = made.ids.copy()
    ids[3] = ids[0]
    (one,) = consistency.ask(_subject(replace(made, ids=ids))).findings
    assert (one.rule, one.severity, one.examples) == ("repeated-id", "error", (str(ids[0]),))


def test_consistency_when_property_counts_otherwise_then_warning(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a", faces(4, 2))
    path.with_name("property").write_text("7,48,48\n")
    report = checked(recordio.Config(path=str(path)), tmp_path)
    assert found(report)["property"].says == "property states 7 classes, the images have 4"


def test_overlap_when_people_and_images_are_shared_then_errors_and_warning(tmp_path: Path) -> None:
    own, other = faces(5, 2), faces(5, 2, "eval")
    other["train01"] = {"strange.jpg": jpeg(pixels(1, 1, "outliers")[0])}
    other["eval00"]["same.jpg"] = own["train02"]["0.jpg"]
    other["eval01"]["near.jpg"] = stored_again(own["train03"]["1.jpg"], tmp_path)
    report = checked(folder(tmp_path / "a", own), tmp_path, against=[folder(tmp_path / "b", other)])
    shared = found(report)
    assert {rule: (one.severity, one.examples) for rule, one in shared.items()} == {
        "person-in-both": ("error", ("train01",)),
        "file-in-both": ("error", ("train02/0.jpg = eval00/same.jpg",)),
        "near-copy-in-both": ("warning", ("train03/1.jpg ~ eval01/near.jpg",)),
    }
    assert shared["near-copy-in-both"].pictures[0][1].place == 1
    (row,) = answer(report, "overlap").rows
    assert (row["names"], row["files"], row["near copies"]) == (1, 1, 1)


def test_overlap_when_identities_are_numbers_then_names_are_not_compared(tmp_path: Path) -> None:
    one = recordio.Config(path=str(write_records(tmp_path / "a", faces(4, 2))))
    two = recordio.Config(path=str(write_records(tmp_path / "b", faces(4, 2, "eval"))))
    report = checked(one, tmp_path, against=[two])
    assert answer(report, "overlap").rows[0]["names"] == "no names"
    assert not report.findings


def _vectors(source, tmp_path: Path, directions: np.ndarray, noise: float = 0.05) -> Vectors:
    """One direction per identity, and a little noise per image."""
    made = catalog.scan(source, tmp_path / "store")
    rng = np.random.default_rng(len(made))
    values = directions[made.labels] + noise * rng.standard_normal((len(made), directions.shape[1]))
    return Vectors(made.ids, values.astype(np.float32))


def test_people_when_two_sets_share_somebody_then_named_with_the_score(tmp_path: Path) -> None:
    mine, theirs = np.split(np.eye(40), [30])
    theirs[4] = 3 * mine[7]
    one = parquet.Config(path=str(write_parquet(tmp_path / "a.parquet", people(*[3] * 30))))
    other = {
        f"q{k:02d}": files for k, files in enumerate(people(*[2] * 10, first_seed=9000).values())
    }
    two = parquet.Config(path=str(write_parquet(tmp_path / "b.parquet", other)))
    vectors = [_vectors(one, tmp_path, mine), _vectors(two, tmp_path, theirs)]
    report = checked(one, tmp_path, against=[two], vectors=vectors)
    (alike,) = [f for f in report.findings if f.rule == "person-alike"]
    assert alike.count == 1
    assert alike.examples[0].startswith("p07 ~ q04 (0.9")
    (hidden,) = [
        answer(checked(one, tmp_path, against=[two], vectors=vectors, cosine=0.9999), "people")
    ]
    assert hidden.findings == ()


def test_people_when_too_few_for_a_threshold_then_error_says_how(tmp_path: Path) -> None:
    one = folder(tmp_path / "a", faces(3, 2))
    two = folder(tmp_path / "b", faces(3, 2, "eval"))
    axes = np.eye(4)
    vectors = [_vectors(one, tmp_path, axes), _vectors(two, tmp_path, axes)]
    with pytest.raises(DataError, match=r"3 identities.*--limit cosine=0\.5"):
        checked(one, tmp_path, against=[two], vectors=vectors)
    report = checked(one, tmp_path, against=[two], vectors=vectors, cosine=0.9)
    assert found(report)["person-alike"].count == 3


def test_people_when_a_model_embeds_then_equal_numbers_of_two_sets_are_no_mix_up(
    tmp_path: Path,
) -> None:
    """Ids are record numbers, the same in both sets; the damaged image is not embedded."""
    mine, theirs = np.eye(6), np.roll(np.eye(6), 1, axis=0)
    damaged = faces(6, 2)
    damaged["train00"]["1.jpg"] = damaged["train00"]["1.jpg"][:-300]
    paths = [
        write_records(tmp_path / name, everyone)
        for name, everyone in (("a", damaged), ("b", faces(6, 2, "eval")))
    ]
    one, two = (recordio.Config(path=str(path)) for path in paths)
    asked: list[int] = []

    def embed(source: Config, ids: Texts) -> Vectors:
        made = catalog.scan(source, tmp_path / "store")
        asked.append(len(ids))
        people_of = dict(zip(made.ids.tolist(), made.labels.tolist(), strict=True))
        axes = mine if source == one else theirs
        values = np.stack([axes[people_of[str(one_id)]] for one_id in ids])
        return Vectors(ids, values.astype(np.float32))

    report, _ = run.check(
        one, tmp_path / "store", against=[two], embed=embed, limits=Limits(cosine=0.9)
    )
    assert asked == [11, 12]
    alike = found(report)["person-alike"]
    assert alike.count == 6
    assert any(text.startswith("00000000 ~ 00000001 (1") for text in alike.examples)


def test_people_when_images_have_no_vector_then_error_names_the_set(tmp_path: Path) -> None:
    one = folder(tmp_path / "a", faces(3, 2))
    two = folder(tmp_path / "b", faces(3, 2, "eval"))
    with pytest.raises(DataError, match=r"b: .*6 of 6 images have no vector"):
        checked(
            one,
            tmp_path,
            against=[two],
            vectors=[_vectors(one, tmp_path, np.eye(3))],
            cosine=0.5,
        )


def test_sample_when_given_then_only_those_are_decoded_and_files_all_compared(
    tmp_path: Path,
) -> None:
    everyone = faces(5, 3)
    everyone["train04"]["same.jpg"] = everyone["train00"]["0.jpg"]
    report = checked(folder(tmp_path / "a", everyone), tmp_path, sample=4)
    assert report.sets[0].looked_at == 4
    assert answer(report, "readable").facts["looked at"] == 4
    assert found(report)["same-file-two-people"].count == 1


def test_looks_when_told_then_watch_hears_every_image(tmp_path: Path) -> None:
    class Heard(Logged):
        images = 0

        def advance(self, images: int) -> None:
            self.images += images

    heard = Heard()
    looks.look(catalog.scan(folder(tmp_path / "a", faces(3, 3)), tmp_path / "store"), heard)
    assert heard.images == 9
