"""Put every question to a set."""

import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from frlib.core import discover
from frlib.core.config import Config
from frlib.data import catalog
from frlib.data.check import looks
from frlib.data.check.report import Answer, Checked, Report, Rule, Section
from frlib.data.check.subject import Embed, Faces, Limits, Subject
from frlib.data.convert.watch import Logged, Watch
from frlib.data.vectors import Vectors

_PACKAGE = "frlib.data.check.questions"


def questions() -> list[tuple[str, ModuleType]]:
    """Names and modules, in the order of the page."""
    found = [(name, discover.load(_PACKAGE, name)) for name in discover.choices(_PACKAGE)]
    return sorted(found, key=lambda item: (item[1].ORDER, item[0]))


def rules() -> list[Rule]:
    """Every rule there is, in the order of the page."""
    return [rule for _, module in questions() for rule in module.RULES]


def check(
    source: Config,
    store: Path,
    *,
    against: Sequence[Config] = (),
    vectors: Sequence[Vectors] = (),
    embed: Embed | None = None,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> tuple[Report, Subject]:
    """The report on a set, and what it is about (to draw the images that it mentions).

    `limits.sample` limits the set itself and every set of `against`. `watch`: who is told how far
    it is; the log by default. `vectors`, or `embed`, are for finding people who are alike. Raises
    `DataError` where a source cannot be scanned or an image has
    no vector.
    """
    limits, watch = limits or Limits(), watch or Logged()
    began = time.monotonic()
    configs = [source, *against]
    sets = [
        _faces(config, name, place, store, limits, watch)
        for place, (config, name) in enumerate(zip(configs, _names(configs), strict=True))
    ]
    subject = Subject(
        own=sets[0],
        against=tuple(sets[1:]),
        vectors=tuple(vectors),
        embed=embed,
        limits=limits,
    )
    sections = []
    for name, module in questions():
        answer: Answer | None = module.ask(subject)
        if answer is not None:
            sections.append(Section(name=name, title=module.TITLE, answer=answer))
    report = Report(
        sets=tuple(_about(faces) for faces in sets),
        seconds=time.monotonic() - began,
        sections=tuple(sections),
    )
    return report, subject


def _faces(
    source: Config, name: str, place: int, store: Path, limits: Limits, watch: Watch
) -> Faces:
    manifest = catalog.scan(source, store)
    return Faces(
        name=name,
        place=place,
        config=source,
        manifest=manifest,
        looks=looks.look(manifest, watch, limits.sample, limits.seed),
    )


def _about(faces: Faces) -> Checked:
    return Checked(
        name=faces.name,
        path=_path(faces.config),
        format=str(getattr(faces.config, "name", "?")),
        digest=faces.manifest.digest,
        images=len(faces.manifest),
        looked_at=len(faces.looks.rows),
    )


def _path(config: Config) -> str:
    return str(getattr(config, "path", ""))


def _names(configs: list[Config]) -> list[str]:
    """The last part of each path where those differ, else the whole path; formats without one."""
    whole = [_path(config) or str(getattr(config, "name", "?")) for config in configs]
    short = [Path(name).name for name in whole]
    return short if len(set(short)) == len(short) else whole
