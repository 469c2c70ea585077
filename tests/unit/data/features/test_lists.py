import json

import pytest

from frlib.core.errors import DataError
from frlib.data.features import lists


def _write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def probes(tmp_path):
    paths = ["A_B/A_B_1.png", "A_B/A_B_2.png", "C/C_7.png"]
    content = {"path": paths, "id": ["A_B", "A_B", "C"]}
    return lists.read_images(_write(tmp_path / "p.json", content), has_persons=True)


@pytest.fixture
def others(tmp_path):
    content = {"path": ["000/1@N0/0.jpg", "001/2@N1/1.jpg", "001/2@N1/2.jpg"]}
    return lists.read_images(_write(tmp_path / "d.json_3_1", content), has_persons=False)


def test_images_when_json_then_paths_and_persons(probes, others):
    assert probes.persons == ("A_B", "A_B", "C")
    assert others.persons is None
    assert len(others) == 3


def test_images_when_ids_are_numbers_or_the_file_has_a_byte_order_mark_then_read(tmp_path):
    file = _write(tmp_path / "l.json", '\ufeff{"path": ["a/b", "c/d"], "id": [7, 8]}')
    assert lists.read_images(file, has_persons=True).persons == ("7", "8")


def test_images_when_text_then_the_person_is_the_folder(tmp_path):
    file = _write(tmp_path / "facescrub_lst", "A/A_1.png\nB b/x.png\n\n")
    found = lists.read_images(file, has_persons=True)
    assert found.persons == ("A", "B b")
    assert found.paths == ("A/A_1.png", "B b/x.png")


def test_noise_when_listed_by_name_then_suffixes_do_not_matter(tmp_path, probes):
    file = _write(tmp_path / "n.txt", "# said\nA_B_2.jpg\nNobody_5.jpg\n\nC_7.png\n")
    found = lists.noisy_probes(file, probes)
    assert found.flags.tolist() == [False, True, True]
    assert found.num_listed == 3


def test_noise_when_two_forms_are_mixed_then_both_are_read(tmp_path, others):
    file = _write(tmp_path / "n.txt", "# said\n000/1@N0/0.jpg\n17\t001/2@N1/2.jpg\n")
    assert lists.noisy_distractors(file, others).flags.tolist() == [True, False, True]


def test_noise_when_the_list_is_empty_then_nothing_is_noise(tmp_path, probes):
    found = lists.noisy_probes(_write(tmp_path / "n.txt", "# none\n"), probes)
    assert (found.flags.any(), found.num_listed) == (False, 0)


def test_noise_when_no_name_is_known_then_data_error_shows_both(tmp_path, probes, others):
    file = _write(tmp_path / "n.txt", "Z_1.jpg\n")
    with pytest.raises(DataError, match=r"'Z_1\.jpg', is among the 3 of .*'A_B/A_B_1\.png'"):
        lists.noisy_probes(file, probes)
    with pytest.raises(DataError, match="expected a/b/file"):
        lists.noisy_distractors(file, others)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no image"),
        ({"path": []}, "no image"),
        ({"paths": ["a"]}, "expected"),
        ({"path": "abc"}, "expected"),
        ({"path": [1]}, "expected"),
        ({"path": ["a/b", "a/c"], "id": ["a"]}, "as many ids"),
        ({"path": ["a/b"], "id": "a"}, "as many ids"),
        ({"path": ["a/b", "a/b"], "id": ["a", "a"]}, "'a/b' is listed twice"),
        ({"path": ["b"]}, "has no folder"),
        ('{"path": [', "cannot be read as JSON"),
        ('{"path": ["\\ud800/a"], "id": ["a"]}', "expected"),
        ({"path": ["a/b", "a/c"], "id": ["a", None]}, "id None; expected a text"),
        ({"path": ["a/b"], "id": [True]}, "id True; expected a text"),
        ('{"path": ["a/b"], "id": ["\\ud800"]}', "expected a text"),
    ],
)
def test_images_when_wrong_then_data_error(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        lists.read_images(_write(tmp_path / "x.json", content), has_persons=True)


def test_images_when_missing_or_no_text_then_data_error(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        lists.read_images(tmp_path / "none", has_persons=False)
    (tmp_path / "x").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        lists.read_images(tmp_path / "x", has_persons=False)
