"""Which family takes a path: exactly one, or none and the error says so."""

from pathlib import Path

import pytest

from frlib.core.errors import ConfigError
from frlib.evaluate import protocol
from frlib.evaluate.protocols import megaface


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("path,identity", "all_pairs"),
        ("group,subject,path", "all_pairs"),
        ('"path","identity"', "all_pairs"),
        ("\ufeffpath,identity", "all_pairs"),
        ("path,identity,role", "identification"),
        ("role,path,subject", "identification"),
        ("path_a,path_b,same", "pair_csv"),
        ("path,identity,path_a,path_b,same", "pair_csv"),
    ],
)
def test_named_when_a_csv_then_by_its_header(header: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(f"{header}\n1,2,3\n")
    assert protocol.named(str(tmp_path / "l.csv")).name == name  # type: ignore[attr-defined]


@pytest.mark.parametrize("header", ["path", "identity,role", "path,role", "path,name", ""])
def test_named_when_the_header_fits_nothing_then_error(header: str, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(header)
    with pytest.raises(ConfigError, match="no benchmark that is known by its files"):
        protocol.named(str(tmp_path / "l.csv"))


def test_named_when_a_csv_has_old_line_ends_or_no_text_then_no_crash(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes(b"path,identity\ra,b\r")
    assert protocol.named(str(tmp_path / "l.csv")).name == "all_pairs"  # type: ignore[attr-defined]
    (tmp_path / "l.csv").write_bytes(bytes(range(256)))
    with pytest.raises(ConfigError):
        protocol.named(str(tmp_path / "l.csv"))


def test_named_when_a_folder_of_both_megaface_lists_then_with_the_noise_that_lies_there(
    tmp_path: Path,
) -> None:
    probes = tmp_path / "facescrub_features_list.json"
    others = tmp_path / "megaface_features_list.json_1000000_1"
    probes.write_text("{}")
    assert megaface.recognise(tmp_path) is None
    others.write_text("{}")
    (tmp_path / "facescrub_noises.txt").write_text("")
    assert protocol.named(str(tmp_path)) == megaface.Config(
        path=str(probes),
        distractors=str(others),
        probe_noise=str(tmp_path / "facescrub_noises.txt"),
    )


def test_named_when_several_families_know_a_path_then_says_how_to_choose(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("path,identity,role,path_a,path_b,same\n")
    with pytest.raises(ConfigError, match="identification or pair_csv; say which") as told:
        protocol.named(str(path))
    example = str(told.value).partition("e.g. '")[2].removesuffix("'")
    assert protocol.named(example).name == "identification"  # type: ignore[attr-defined]
