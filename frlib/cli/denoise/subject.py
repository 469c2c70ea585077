"""The set that findings are on, as it is named on the command line."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.core.errors import ConfigError, DataError, RecordError

if TYPE_CHECKING:
    from frlib.cleaning.findings import Findings
    from frlib.data.manifest import Manifest

_RUN = re.compile(r"r-?\d+")


def manifest_of(text: str, kind: str, sets: list[str], store: Path) -> "Manifest":
    """The training set of a run, with its noise, for a folder `arms/<arm>/r<seed>`; else a source.

    kind: format of a source. sets: overrides of its fields.
    """
    from frlib.cli.data.source_of import source_of
    from frlib.data import catalog

    folder = Path(text).expanduser()
    if (folder / "arm.json").is_file():
        runs = ", ".join(sorted(one.name for one in folder.iterdir() if _RUN.fullmatch(one.name)))
        raise ConfigError(f"{text}: an arm; name the folder of one of its runs: {runs or 'none'}")
    if not _is_run(folder):
        return catalog.scan(source_of(text, kind, sets), store)
    if kind or sets:
        raise ConfigError(f"{text}: a run names its source; leave out --from and --set")
    return _of_run(folder.parent / "arm.json", int(folder.name[1:]), store)


def placed_on(found: "Findings", manifest: "Manifest", text: str) -> "Findings":
    """`frlib.cleaning.applied.placed`; says of a source that noise is a run's."""
    from frlib.cleaning.applied import placed

    try:
        return placed(found, manifest)
    except DataError as error:
        if _is_run(Path(text).expanduser()):
            raise
        raise DataError(
            f"{error}. {text} has no noise of a study: for findings on that, name a run that "
            "drew it, <store>/studies/<study>/arms/<arm>/r<seed>"
        ) from error


def _is_run(folder: Path) -> bool:
    is_named = _RUN.fullmatch(folder.name) is not None
    return is_named and (folder.parent / "arm.json").is_file()


def _of_run(path: Path, seed: int, store: Path) -> "Manifest":
    from frlib.core import safeio
    from frlib.data.lab import draw

    try:
        config: dict[str, Any] = safeio.read_json(path)["config"]
        lab = draw.Lab.parse({name: config[name] for name in ("data", "noise")}, str(path))
    except (RecordError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: does not describe the arm of this run ({error!r}); expected the file that "
            "`frlib study run` writes beside the runs. Copy it along with them."
        ) from error
    return draw.draw(lab, seed, store).noisy
