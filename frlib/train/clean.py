"""What is done about wrong labels before a run trains. No torch here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from frlib.cleaning.evidence import Apply
from frlib.core import discover
from frlib.core.config import Choice, Config, canonical, place, setting
from frlib.train.start import checksum, first_digits

if TYPE_CHECKING:
    from frlib.denoise import Rule
else:
    Rule = Choice["frlib.denoise"]

MODEL, EVIDENCE, DECIDE, LOOP = "clean.model", "clean.evidence", "clean.decide", "clean.loop"
"""Names of the stages that a rule brings with it; no stage of a config has a dot in its name."""
_USUAL = "findings"
"""Stem of a file that says nothing of whose findings it has."""


class Clean(Config):
    """Whose findings the training set is cleaned by, and how; at the defaults by nobody's.

    With a `rule`, the run is trained once before with `changes`, the rule decides about every
    sample of it, and this run trains on what is left; arms that share such a stage make it once.
    """

    rule: Rule | None = Field(None, description="a rule of frlib.denoise; none: it is not cleaned")
    changes: dict[str, Any] = setting(
        {}, doc="path of a field -> its value in the training whose model and course are judged"
    )
    rounds: int = setting(
        1,
        ge=1,
        doc="times that the set is judged; from the second on by a model trained on what the one "
        "before left, as long as the selection metric rises",
    )
    patience: int = setting(
        1, ge=1, doc="rounds in a row without a rise after which it is not judged again"
    )
    mirrored: bool = setting(
        False,
        doc="a rule that looks at images judges by the mean embedding of each and its mirror "
        "image; else by that of the image",
    )
    stage: str = setting("", doc="a stage of this run whose findings are meant")
    path: str = place("", doc="a findings.parquet")
    sha256: str = setting(
        "", doc="first 16 digits of the file's checksum; empty: those of the file that is there"
    )
    apply: Apply = setting(
        "both",
        doc="flagged samples: relabel those with a proposal, drop them all, or both: relabel those "
        "with a proposal and drop the rest",
    )

    @field_validator("changes", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return json.loads(canonical(value)) if isinstance(value, Mapping) else value

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not value.get("path"):
            return value
        value = value | {"path": str(Path(str(value["path"])).expanduser().absolute())}
        told = str(value.get("sha256") or "")
        return value | {"sha256": first_digits(told) if told else checksum(Path(value["path"]))}

    @model_validator(mode="after")
    def _one_origin(self) -> "Clean":
        told = {"rule": self.rule, "stage": self.stage, "path": self.path}
        given = [name for name, value in told.items() if value]
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} are set; expected one of rule, stage and path: whose "
                "findings are meant"
            )
        if self.sha256 and not self.path:
            raise ValueError(
                f"sha256={self.sha256!r} is set without a path: a checksum is of the file that a "
                "path leads to; leave it empty"
            )
        alone = {"changes": self.changes, "rounds": self.rounds > 1, "mirrored": self.mirrored}
        spare = [name for name, value in alone.items() if value and self.rule is None]
        if self.rule is not None and set(self.rule.needs) <= {"truth"}:
            spare = [name for name, value in alone.items() if value]
            if spare:
                raise ValueError(
                    f"{spare[0]} is set, but rule {self.rule.name!r} judges no model; leave it out"
                )
        if spare:
            raise ValueError(
                f"{spare[0]} is set without a rule, and would change nothing; set rule, or leave "
                "it out"
            )
        return self

    @property
    def is_on(self) -> bool:
        """Whether anything is cleaned."""
        return self.rule is not None or bool(self.stage) or bool(self.path)

    @property
    def waits_for(self) -> str:
        """The stage whose findings are applied; empty for none."""
        if self.rule is not None:
            return LOOP if self.rounds > 1 else DECIDE
        return self.stage

    @property
    def label(self) -> str:
        """In tables: `BoundaryFace list`, `2 x BoundaryFace list, relabel`.

        A file by its name, `<folder>/findings` where it has the usual one.
        """
        if not self.is_on:
            return "none"
        file = Path(self.path)
        name = self.stage or file.stem
        if self.rule is not None:
            name = discover.load("frlib.denoise", self.rule.name).label(self.rule)
        elif name == _USUAL and self.path:
            name = f"{file.parent.name}/{name}"
        times = f"{self.rounds} x " if self.rounds > 1 else ""
        how = ["mirrored"] * self._turns + [self.apply] * (self.apply != "both")
        return ", ".join([f"{times}{name}", *how])

    def implied(self) -> dict[str, dict[str, Any]]:
        """Name -> config of every stage that the rule brings with it."""
        if self.rule is None:
            return {}
        sees = self.rule.sees
        asks = bool(sees) or "course" in self.rule.needs
        stages: dict[str, dict[str, Any]] = {
            EVIDENCE: {
                "name": "evidence",
                "model": MODEL if asks else "",
                "sees": sees,
                "mirrored": self._turns,
            },
            DECIDE: {"name": "decide", "evidence": EVIDENCE, "rule": self.rule},
        }
        if asks:
            stages[MODEL] = {"name": "train", "changes": self.changes}
        if self.rounds > 1:
            stages[LOOP] = {
                "name": "loop",
                "after": DECIDE,
                "model": MODEL,
                "rule": self.rule,
                "changes": self.changes,
                "rounds": self.rounds,
                "patience": self.patience,
                "apply": self.apply,
                "mirrored": self._turns,
            }
        return stages

    @property
    def _turns(self) -> bool:
        return self.mirrored and self.rule is not None and bool(self.rule.sees)

    def counted(self) -> dict[str, Any]:
        """What a rule's stages do is in theirs; a file counts by its checksum."""
        told = {"apply": self.apply, "stage": self.waits_for}
        return told | ({"sha256": self.sha256} if self.path else {})
