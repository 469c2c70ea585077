"""Weights that a run starts from, told apart by their content. No torch here."""

from functools import lru_cache
from pathlib import Path
from string import hexdigits
from typing import Any

from pydantic import model_validator

from frlib.core import safeio
from frlib.core.config import Config, place, setting
from frlib.core.errors import DataError

MODEL = "model.safetensors"
_DIGITS = 16


class Start(Config):
    """A model of this project, or a backbone of arcface_torch; a text is its path.

    The path changes no digest. Workers need not run where it was given: it is made absolute.
    """

    path: str = place(
        "",
        doc="a folder r<seed> of a finished run, a model.safetensors, or a .pt of arcface_torch; "
        "empty: those of a stage",
    )
    stage: str = setting("", doc="the stage of this run whose weights are meant; empty: a path")
    sha256: str = setting(
        "", doc="first 16 digits of the file's checksum; empty: those of the file that is there"
    )
    head: bool = setting(
        False, doc="take over the class centres as well: same head, classes and order of classes"
    )

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"path": value}
        if not isinstance(value, dict):
            return value
        if bool(value.get("path")) == bool(value.get("stage")):
            raise ValueError(
                f"path={value.get('path', '')!r} and stage={value.get('stage', '')!r}: expected "
                "one of the two, the path of weights or the name of a stage"
            )
        if value.get("stage"):
            return _without_checksum(value)
        value = value | {"path": str(Path(str(value["path"])).expanduser().absolute())}
        if value.get("sha256"):
            return value | {"sha256": first_digits(str(value["sha256"]))}
        return value | {"sha256": checksum(file_of(value["path"]))}

    @property
    def label(self) -> str:
        """In tables."""
        return self.stage or Path(self.path).name

    def counted(self) -> dict[str, Any]:
        """The checksum of what a path leads to, or the stage whose weights are not there yet."""
        fields = super().counted()
        del fields["sha256" if self.stage else "stage"]
        return fields


def _without_checksum(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("sha256"):
        raise ValueError(
            f"sha256={value['sha256']!r} and stage={value['stage']!r}: a checksum is of the file "
            "that a path leads to; leave it empty"
        )
    return value


def checksum(file: Path) -> str:
    """The first digits of the file's checksum; `ValueError` where there is no such file."""
    if not file.is_file():
        raise ValueError(
            f"{file}: no such file, so nothing says which content is meant; give the path of one "
            "that is there, or its sha256 where the file is elsewhere"
        )
    facts = file.stat()
    return _digits(str(file.resolve()), facts.st_size, facts.st_mtime_ns)


def require_content(file: Path, sha256: str, field: str, what: str) -> None:
    """`DataError` unless this is the file that a `<field>.path` with this checksum meant.

    what: its content, in words.
    """
    if not file.is_file():
        raise DataError(f"{file}: no such file; {field}.path must be seen from every worker")
    found = safeio.sha256(file)
    if not found.startswith(sha256):
        raise DataError(
            f"{file}: its checksum begins with {found[:_DIGITS]}, {field}.sha256 is {sha256}: "
            f"these are other {what}. Put the right file there, or leave {field}.sha256 empty"
        )


def first_digits(told: str) -> str:
    """As many as are kept of a checksum that somebody typed; `ValueError` for too few."""
    found = told.lower()[:_DIGITS]
    if len(found) < _DIGITS or not set(found) <= set(hexdigits):
        raise ValueError(
            f"sha256={told!r}: expected at least {_DIGITS} digits of a checksum, as `sha256sum` "
            "prints it; leave it empty to take those of the file"
        )
    return found


def file_of(path: str) -> Path:
    """The weights file that a `path` means."""
    place_of = Path(path)
    return place_of / MODEL if place_of.is_dir() else place_of


@lru_cache
def _digits(file: str, size: int, changed: int) -> str:
    return safeio.sha256(Path(file))[:_DIGITS]
