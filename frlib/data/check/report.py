"""What a check found, as plain values: facts, and findings by stated rules."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
Scalar = str | int | float | None
EXAMPLES = 5


def many(count: int, what: str) -> str:
    """`1 pair`, `2 pairs`, `2 identities`."""
    plural = f"{what[:-1]}ies" if what.endswith("y") else f"{what}s"
    return f"{count:,} {what if count == 1 else plural}"


@dataclass(frozen=True)
class Picture:
    """An image: `place` 0 is the set that was checked, k its k-th `against`; `row` is its row."""

    place: int
    row: int


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that was met.

    count: how often. says: what was found. examples: the first few, in words. pictures: the same
    examples as images, the ones that belong together in a group. do: what to do about it.
    """

    rule: str
    severity: Severity
    count: int
    says: str
    examples: tuple[str, ...]
    pictures: tuple[tuple[Picture, ...], ...]
    do: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When something is an error or a warning, and what is to be done then."""

    name: str
    severity: Severity
    when: str
    do: str

    def found(
        self,
        count: int,
        says: str,
        examples: Sequence[str] = (),
        pictures: Sequence[tuple[Picture, ...]] = (),
    ) -> Finding:
        """The finding; only the first few examples are kept."""
        return Finding(
            rule=self.name,
            severity=self.severity,
            count=count,
            says=says,
            examples=tuple(examples[:EXAMPLES]),
            pictures=tuple(pictures[:EXAMPLES]),
            do=self.do,
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one question found out.

    facts: numbers by name. rows: a table with equal keys in every row. bar: the column of `rows`
    that is worth drawing as a bar; empty for none.
    """

    facts: dict[str, Scalar]
    rows: tuple[dict[str, Scalar], ...] = ()
    bar: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A question and its answer."""

    name: str
    title: str
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A set of the check. name: short, as findings use it. looked_at: of `images`, how many."""

    name: str
    path: str
    format: str
    digest: str
    images: int
    looked_at: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was asked. sets: the set itself first, then those it was compared with."""

    sets: tuple[Checked, ...]
    seconds: float
    sections: tuple[Section, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, errors first, otherwise in the order of the questions."""
        found = [finding for section in self.sections for finding in section.answer.findings]
        return tuple(sorted(found, key=lambda finding: finding.severity != "error"))

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def failed(self, *, strict: bool) -> bool:
        """Whether there is an error, or in a strict check anything at all."""
        return bool(self.findings) if strict else self.count("error") > 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types, without the references to images."""
        return {
            "sets": [asdict(one) for one in self.sets],
            "seconds": round(self.seconds, 2),
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "findings": [
                {
                    "rule": one.rule,
                    "severity": one.severity,
                    "count": one.count,
                    "says": one.says,
                    "examples": list(one.examples),
                    "do": one.do,
                }
                for one in self.findings
            ],
            "sections": {
                one.name: {"title": one.title, "facts": one.answer.facts}
                | ({"rows": list(one.answer.rows)} if one.answer.rows else {})
                for one in self.sections
            },
        }
