"""Names of files: safe, unchanged where they can be, and never two alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.sink import Item, Outline
from frlib.data.sinks import _names
from frlib.data.sinks._names import Names
from tests.unit.data.tiny_sets import encoded, jpeg

OUTLINE = Outline(identities=("anna", "b/c"), class_sizes=np.array([3, 1]))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0.jpg", "0.jpg"),
        ("a b (1).jpg", "a b (1).jpg"),
        ("Zoë_北京", "Zoë_北京"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("a/b\\c:d", "a%2Fb%5Cc%3Ad"),
        (" x ", "%20x%20"),
        ("tab\tline\n", "tab%09line%0A"),
        ("\u2028", "%E2%80%A8"),
        ("50%", "50%"),
    ],
)
def test_safe_when_made_then_only_what_a_path_cannot_hold_is_escaped(text: str, name: str) -> None:
    assert _names.safe(text, "x") == name


@given(st.text(min_size=1, max_size=80))
def test_safe_when_any_text_then_one_visible_component(text: str) -> None:
    try:
        name = _names.safe(text, "x")
    except DataError as error:
        assert "bytes; expected 1 to 255" in str(error)
        return
    assert name
    assert not set(name) & set("/\\:\0")
    assert not name.startswith(".")
    assert name == name.strip()
    assert len(name.encode(errors="surrogatepass")) <= 255
    assert _names.safe(name, "x") == name


@pytest.mark.parametrize("text", ["", "x" * 256, "北" * 86])
def test_safe_when_empty_or_too_long_then_error_gives_the_size(text: str) -> None:
    with pytest.raises(DataError, match=r"identity: .* expected 1 to 255"):
        _names.safe(text, "identity")


def test_stored_names_when_two_become_one_then_error_names_both() -> None:
    with pytest.raises(DataError, match=r"'a%2Fb' and 'a/b' would both be stored as 'a%2Fb'"):
        _names.stored_names(["a%2Fb", "a/b"])


def test_names_when_ids_are_paths_then_the_last_component_or_all_of_it() -> None:
    item = Item("images/anna/0.jpg", "anna", 0, jpeg(0))
    assert Names(OUTLINE, None).of(item) == ("anna", "0.jpg")
    assert Names(OUTLINE, None, whole=True).of(item) == ("anna", "images%2Fanna%2F0.jpg")


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (jpeg(0), ".jpg"),
        (encoded(np.zeros((2, 2), np.uint8), "PNG"), ".png"),
        (encoded(np.zeros((2, 2), np.uint8), "BMP"), ".bmp"),
        (encoded(np.zeros((2, 2, 3), np.uint8), "WEBP"), ".webp"),
    ],
)
def test_names_when_the_id_has_no_suffix_then_that_of_the_bytes(data: bytes, suffix: str) -> None:
    assert Names(OUTLINE, None).of(Item("00000007", "b/c", 1, data)) == (
        "b%2Fc",
        f"00000007{suffix}",
    )
    assert Names(OUTLINE, None, suffixes=False).of(Item("7", "b/c", 1, data))[1] == "7"


def test_names_when_the_bytes_are_no_image_then_error_names_it() -> None:
    with pytest.raises(DataError, match=r"image '7' starts with 3c 68 .* its id has no suffix"):
        Names(OUTLINE, None).of(Item("7", "anna", 0, b"<html>"))


def test_names_when_two_files_become_one_then_error_says_how_to_tell_them_apart() -> None:
    names = Names(OUTLINE, None)
    names.of(Item("one/0.jpg", "anna", 0, jpeg(0)))
    names.of(Item("one/1.jpg", "anna", 0, jpeg(0)))
    again = Names(OUTLINE, names.mark())
    for before in (names, again):
        with pytest.raises(DataError, match=r"has a file '0\.jpg' already; .*--set to\.files=id"):
            before.of(Item("two/0.jpg", "anna", 0, jpeg(0)))
    assert again.of(Item("two/0.jpg", "b/c", 1, jpeg(0))) == ("b%2Fc", "0.jpg")
