"""`frlib data convert A B`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from frlib.cli.options import DEFAULT_STORE, Store
from frlib.core.errors import ConfigError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frlib.core.config import Config
    from frlib.data.convert.run import Converted
    from frlib.data.convert.watch import Watch

Done = TypeVar("Done")
_SIDES = ("from", "to")


def convert(
    source: Annotated[str, typer.Argument(metavar="A", help="The set: a file or a folder.")],
    target: Annotated[str, typer.Argument(metavar="B", help="Where to write; must not exist.")],
    from_: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="Format of A. Default: by its look.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="Format of B. Default: by its end.")
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SIDE.FIELD=VALUE", help="Change a field, e.g. to.style=plain."
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an interrupted conversion to B.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Read B back and compare it with A.")
    ] = True,
    memory: Annotated[
        int, typer.Option(min=1, help="MiB of images read ahead; more helps with shuffled files.")
    ] = 256,
) -> None:
    """Write the set A in another format as B, image bytes unchanged.

    Identities: arrow, image_folder, image_list, parquet, recordio, zip_shards.

    Pairs: bin, pair_folder; and from pair_list, with from.form=lfw and from.images=DIR.

    B is whole or absent. After an interruption the same command goes on where it was.

    An image that cannot be read is an error: no scan can leave it out.

    Names in RecordIO are those of its .lst if there is one; class numbers: from.ids=keys.
    """
    from frlib.core.config import override
    from frlib.data.convert import pair_formats

    asked = by_side(set_ or [])
    given = override(_source(source, from_), asked["from"])
    if isinstance(given, tuple(pair_formats.READ.values())):
        wanted = override(_pair_target(target, to), asked["to"])
        pairs = pair_formats.read(given, store)
        path = pair_formats.write(wanted, pairs)
        typer.echo(f"{len(pairs):,} pairs written to {path}")
        return
    wanted = override(target_of(target, to), asked["to"])
    typer.echo(sentence(_run(given, wanted, store, restart, verify, memory)))


def _run(
    given: "Config", wanted: "Config", store: Path, restart: bool, verify: bool, memory: int
) -> "Converted":
    from frlib.data.convert import run

    options = run.Options(restart=restart, verify=verify, memory=memory << 20)
    return going_on(wanted, lambda watch: run.convert(given, wanted, store, options, watch))


def going_on(wanted: "Config", work: "Callable[[Watch], Done]") -> "Done":
    """What `work` returns, while it is shown; `StoppedError` on Ctrl-C says how much is safe."""
    from frlib.cli.data.waiting import shown
    from frlib.data.convert import run

    try:
        with shown() as watch:
            return work(watch)
    except KeyboardInterrupt:
        safe = run.kept(Path(wanted.path))  # type: ignore[attr-defined]
        raise StoppedError(
            f"stopped; {safe:,} images are safe. The same command goes on after them; with "
            "--restart it starts over."
        ) from None


def by_side(assignments: list[str]) -> dict[str, list[str]]:
    """Overrides of `from` and of `to`, without those words."""
    sides: dict[str, list[str]] = {side: [] for side in _SIDES}
    for assignment in assignments:
        side, dot, rest = assignment.partition(".")
        if side not in sides or not dot:
            raise ConfigError(
                f"--set {assignment!r}: expected from.FIELD=VALUE for A or to.FIELD=VALUE for B"
            )
        sides[side].append(rest)
    return sides


def _source(path: str, name: str) -> "Config":
    from frlib.cli.data.source_of import source_of
    from frlib.core.suggest import did_you_mean
    from frlib.data.convert import formats, pair_formats

    name = name or pair_formats.look(path)
    if name in pair_formats.READ:
        return pair_formats.READ[name].parse({"path": path}, name)
    known = (*formats.sources(), *pair_formats.READ)
    if name and name not in known:
        raise ConfigError(
            f"--from {name!r}: no such format{did_you_mean(name, known)}. "
            f"Formats: {', '.join(known)}"
        )
    return _with_names(source_of(path, name))


def _with_names(config: "Config") -> "Config":
    """RecordIO keeps numbers only: with the names of its list, if that is beside it."""
    from frlib.core.config import with_path
    from frlib.data.sources import recordio

    if not isinstance(config, recordio.Config):
        return config
    records = Path(config.path).expanduser()
    records = records / "train.rec" if records.is_dir() else records
    return with_path(config, "ids", "list") if records.with_suffix(".lst").is_file() else config


def target_of(path: str, name: str) -> "Config":
    """The sink for a set of identities at this path; `ConfigError` for a format of pairs."""
    from frlib.data.convert import formats, pair_formats

    if name in pair_formats.WRITTEN or (not name and path.endswith(".bin")):
        raise ConfigError(
            f"{path}: a format for pairs, but A is a set of identities; expected one of "
            f"{', '.join(formats.sinks())}"
        )
    return formats.target_at(path, name)


def _pair_target(path: str, name: str) -> "Config":
    from frlib.data.convert import pair_formats

    name = name or ("bin" if path.endswith(".bin") else "pair_folder")
    if name not in pair_formats.WRITTEN:
        raise ConfigError(
            f"--to {name}: A is a set of pairs, which is written as "
            f"{' or '.join(pair_formats.WRITTEN)}"
        )
    return pair_formats.WRITTEN[name].parse({"path": path}, name)


def sentence(done: "Converted") -> str:
    """What was written, how it was checked and how long it took."""
    now = done.images - done.before
    speed = f"; {now / done.seconds:,.0f} images/s" if done.seconds > 0 and now else ""
    parts = [
        f"{done.images:,} images of {done.identities:,} identities "
        f"({done.bytes / 1e6:,.1f} MB) written to {done.target}",
        f"{done.before:,} of them before an interruption" if done.before else "",
        "read back and equal" if done.verified else "not read back",
    ]
    return "; ".join(part for part in parts if part) + f" ({done.seconds:,.1f} s{speed})"
