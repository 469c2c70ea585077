from pathlib import Path

import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.data.pairsets import flagged, lists, people, two_lines

LFW = "2\t1\nAda\t1\t12\nAda\t2\tBo\t3\nCem\t4\t5\nBo\t1\tCem\t10000\n"
FLAGGED = "a.jpg b.jpg 1\nc.jpg d/e.png -1\n"
OFFICIAL = "p1 1\np2 1\np3 2\np4 2\nn1 0\nn2 0\nn3 0\nn4 0\n"


@pytest.fixture
def listed(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "pairs.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def rows(found) -> list[tuple[str, str, bool, int]]:
    return list(zip(found.left, found.right, found.same.tolist(), found.fold.tolist(), strict=True))


LFW_ROWS = [
    ("Ada/Ada_0001.jpg", "Ada/Ada_0012.jpg", True, 0),
    ("Ada/Ada_0002.jpg", "Bo/Bo_0003.jpg", False, 0),
    ("Cem/Cem_0004.jpg", "Cem/Cem_0005.jpg", True, 1),
    ("Bo/Bo_0001.jpg", "Cem/Cem_10000.jpg", False, 1),
]


@pytest.mark.parametrize(
    "text",
    [
        LFW,
        LFW.replace("\t", " "),
        LFW.replace("\n", "\r\n"),
        LFW.rstrip(),
        LFW + "\n \n",
        "\ufeff" + LFW,
    ],
)
def test_lfw_when_read_then_pairs_in_folds(listed, text) -> None:
    assert rows(people.read_with_header(listed(text))) == LFW_ROWS


def test_lfw_when_header_has_one_number_then_one_fold(listed) -> None:
    text = LFW.replace("2\t1\n", "2\n")
    assert [row[3] for row in rows(people.read_with_header(listed(text)))] == [0, 0, 0, 0]


def test_rfw_when_without_header_then_first_line_is_a_pair(listed) -> None:
    text = LFW.removeprefix("2\t1\n")
    assert rows(people.read_headerless(listed(text), fold_size=2)) == LFW_ROWS


def test_flagged_when_read_then_flags_and_names_as_in_the_file(listed) -> None:
    assert rows(flagged.read(listed(FLAGGED), fold_size=1)) == [
        ("a.jpg", "b.jpg", True, 0),
        ("c.jpg", "d/e.png", False, 1),
    ]


def test_two_lines_when_read_then_every_fold_has_both_kinds(listed) -> None:
    assert rows(two_lines.read(listed(OFFICIAL), each=1)) == [
        ("p1", "p2", True, 0),
        ("n1", "n2", False, 0),
        ("p3", "p4", True, 1),
        ("n3", "n4", False, 1),
    ]


def pairs(count: int, line) -> str:
    return "".join(line(i) for i in range(count))


@pytest.mark.parametrize(
    ("name", "text", "count", "folds"),
    [
        (
            *("lfw", "10 300\n" + pairs(10, lambda _: "A 1 2\n" * 300 + "A 1 B 1\n" * 300)),
            *(6000, 10),
        ),
        ("sllfw", "1 2\n" + "A 1 2\n" * 2 + "A 1 B 1\n" * 2, 4, 1),
        ("rfw", "A 1 2\n" * 1200, 1200, 2),
        ("agedb_30", "a b 1\n" * 1200, 1200, 2),
        ("cfp_fp", "a b -1\n" * 1400, 1400, 2),
        ("calfw", "a b 1\n" * 600, 600, 1),
        ("cplfw", "a b 1\n" * 600, 600, 1),
        ("calfw_official", "a 7\na 7\n" * 600 + "b 0\nc 0\n" * 600, 1200, 2),
        ("cplfw_official", "a 1\na 1\n" * 600 + "b 0\nc 0\n" * 600, 1200, 2),
    ],
)
def test_read_when_named_then_folds_of_that_set(listed, name, text, count, folds) -> None:
    found = lists.read(name, listed(text))
    assert len(found) == count
    assert found.fold.max() + 1 == folds


def test_read_when_set_unknown_then_error_lists_the_known(listed) -> None:
    with pytest.raises(ConfigError, match="no pair list of the set 'ytf'; known: lfw, sllfw"):
        lists.read("ytf", listed(LFW))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LFW.replace("Ada\t2\tBo\t3", "Ada\t2"), r"line 3: found 'Ada 2'; expected 'name n1 n2'"),
        (LFW.replace("Ada\t2\tBo\t3", "Ada\t2\tBo\t3\t4"), "line 3: found 'Ada 2 Bo 3 4'"),
        (LFW.replace("Ada\t2\t", "Ada\tx\t"), "line 3: found 'Ada x Bo 3'"),
        (LFW.replace("Ada\t2\t", "Ada\t0\t"), "line 3"),
        (LFW.replace("Ada\t2\t", "Ada\t-2\t"), "line 3"),
        (LFW.replace("Ada\t2\t", "Ada\t\u0662\t"), "line 3"),
        (LFW.replace("Ada\t2\t", "Ada\t\t"), r"line 3: .*expected no empty lines or fields"),
        (LFW.replace("Ada\t2", "../Ada\t2"), r"line 3: .*without '\.\.'"),
        (LFW.replace("Ada\t2", "/Ada\t2"), "line 3"),
        (LFW.replace("Ada\t2", "A/da\t2"), "line 3"),
        (LFW.replace("Ada\t2", "A\0da\t2"), "line 3"),
        (LFW.replace("Ada\t2", "\nAda\t2"), "line 3: found ''; expected no empty lines"),
        (LFW.removeprefix("2\t1\n"), "line 1: found 'Ada 1 12'; expected a header"),
        (LFW.replace("2\t1\n", "0\t1\n", 1), "line 1: .*at least one fold"),
        (LFW.replace("2\t1\n", "3\t1\n", 1), "4 pairs; expected 3 folds of 2 pairs"),
        (LFW.replace("Ada\t2\tBo\t3", "Ada\t2\t3"), "fold 0 has 2 pairs of one person; expected 1"),
        ("2\t1\n", "0 pairs; expected 2 folds"),
        ("", "is empty"),
        ("\n\n", "is empty"),
        (b"\xff\xfe\x00", "cannot be read as a list of pairs"),
    ],
)
def test_lfw_when_malformed_then_error_says_where_and_what(listed, text, message) -> None:
    with pytest.raises(DataError, match=message):
        people.read_with_header(listed(text))


def test_rfw_when_it_has_a_header_then_line_1_is_refused(listed) -> None:
    with pytest.raises(DataError, match="line 1: found '2 1'; expected 'name n1 n2'"):
        people.read_headerless(listed(LFW), fold_size=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b 1\na b 0\n", "line 2: found 'a b 0'; expected 'left right flag' with the flag 1 or"),
        ("a b 1\na b\n", "line 2"),
        ("a b 1\na b c 1\n", "line 2"),
        ("a b 1\n\na b 1\n", "line 2"),
        ("a b 1\n../a b 1\n", "line 2"),
        ("a b 1\na b\\c 1\n", "line 2"),
        ("a b 1\na b 1\na b 1\n", "3 pairs; expected whole folds of 2 pairs"),
    ],
)
def test_flagged_when_malformed_then_error_says_where_and_what(listed, text, message) -> None:
    with pytest.raises(DataError, match=message):
        flagged.read(listed(text), fold_size=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OFFICIAL.replace("p2 1", "p2 x"), "line 2: found 'p2 x'; expected 'image label'"),
        (OFFICIAL.replace("p2 1", "p2 -1"), "line 2"),
        (OFFICIAL.replace("p2 1", "p2"), "line 2"),
        (OFFICIAL.replace("p2 1", "p2 0"), "line 2: .*expected the label of the line before, 1"),
        (OFFICIAL.replace("n4 0\n", ""), "line 7: .*expected a second line for this pair"),
        (OFFICIAL.replace("n3 0\nn4 0\n", ""), "2 pairs of one person and 1 of two"),
        (OFFICIAL.replace("n1", "../n1"), "line 5|names of images"),
    ],
)
def test_two_lines_when_malformed_then_error_says_where_and_what(listed, text, message) -> None:
    with pytest.raises(DataError, match=message):
        two_lines.read(listed(text), each=1)


def test_two_lines_when_last_fold_is_cut_then_error(listed) -> None:
    with pytest.raises(DataError, match="4 pairs; expected whole folds of 6 pairs"):
        two_lines.read(listed(OFFICIAL), each=3)


def test_read_when_absent_then_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.txt: cannot be read"):
        lists.read("lfw", tmp_path / "absent.txt")
