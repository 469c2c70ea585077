"""`frlib eval embed`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.core.config import Config


def embed(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A run's folder or URI, a .pt, .pth or .onnx file, or JSON like "
            '{"name": "weights", "path": ..., "backbone": "mobilefacenet"}.',
        ),
    ],
    images: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A set of images: path or URI, or JSON."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.arrow", help="Where the features go.")
    ] = None,
    kind: Annotated[
        str,
        typer.Option("--from", metavar="FORMAT", help="Format of SOURCE; none: guess it."),
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field of SOURCE, e.g. colour=BGR."),
    ] = None,
    model_sets: Annotated[
        list[str] | None,
        typer.Option("--model-set", metavar="FIELD=VALUE", help="A field of MODEL, e.g. size=112."),
    ] = None,
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Embed these images alone: an id a line.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Images the model is given at once.")] = 128,
    threads: Annotated[int, typer.Option(min=1, help="Threads that decode a batch.")] = 2,
    mirrored: Annotated[bool, typer.Option(help="Embed the mirrored images too.")] = True,
    exact: Annotated[
        bool, typer.Option("--exact", help="Keep float32 numbers, not float16 directions.")
    ] = False,
    part: Annotated[
        str,
        typer.Option(metavar="K/N", help="Only the K-th share of N (from 1); --out comes last."),
    ] = "",
    workers: Annotated[
        int, typer.Option(min=0, help="Share the work on Ray; 0: this process alone.")
    ] = 0,
    cpus: Annotated[float, typer.Option(min=0, help="CPUs of a worker on Ray.")] = 1,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs of a worker on Ray.")] = 0,
    address: Annotated[
        str, typer.Option(envvar="RAY_ADDRESS", help="The Ray cluster; none: this machine.")
    ] = "",
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Embed the images of a set with a model.

    Work is kept in the store as it is done: a command that was interrupted goes on where it was
    when it is run again, and shares of it (--part) may run side by side on one store.
    """
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.core.config import override
    from frlib.core.errors import ConfigError
    from frlib.evaluate import extract
    from frlib.evaluate.model import named, open_model

    share = _share(part)
    if share is not None and workers:
        raise ConfigError("--part is a share that you start; with --workers Ray deals them out")
    if (out is None) == (share is None):
        raise ConfigError("give --out FILE.arrow, or --part K/N to do a share of the work first")
    if out is not None and out.suffix != ".arrow":
        raise ConfigError(f"--out {out}: features are an Arrow file; give a name that ends .arrow")
    source: Config = source_of(images, kind, sets)
    config = override(named(model), model_sets or [])
    how: dict[str, Any] = {
        "ids": _ids(ids),
        "mirrored": mirrored,
        "exact": exact,
        "batch": batch,
    }
    with shown() as watch:
        if share is not None:
            opened = open_model(config, device)
            done = extract.share(
                opened,
                source,
                store,
                part=share[0],
                parts=share[1],
                threads=threads,
                watch=watch,
                **how,
            )
            typer.echo(json.dumps({"embedded": done}) if as_json else f"{done:,} images embedded")
            return
        assert out is not None, "either a share or a file"
        if workers:
            from frlib.launch.embed import embed as on_ray

            facts = on_ray(
                config,
                source,
                store,
                out,
                workers=workers,
                cpus=cpus,
                gpus=gpus,
                address=address,
                watch=watch,
                how=how,
            )
        else:
            opened = open_model(config, device)
            found = extract.extract(opened, source, store, threads=threads, watch=watch, **how)
            zeros = found.require_sound()
            found.save(out, exact=exact)
            facts = {**found.about, "embedded": len(found), "zero": zeros, "file": str(out)}
    _print(facts, as_json)


def _print(facts: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
        return
    for name in ("kind", "digest", "colour", "scaling", "dtype", "size", "dimensions", "stored"):
        typer.echo(f"{name:11}{facts[name]}")
    mirrored = ", mirrored too" if facts["mirrored"] else ""
    typer.echo(f"{'images':11}{facts['embedded']:,}{mirrored}")
    if facts["zero"]:
        text = f"{facts['zero']:,} images have a zero vector"
        typer.secho(text, fg=typer.colors.YELLOW, err=True)
    typer.echo(f"{'file':11}{facts['file']}")


def _share(text: str) -> tuple[int, int] | None:
    from frlib.core.errors import ConfigError

    if not text:
        return None
    number, sign, total = text.partition("/")
    if sign and number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total):
        return int(number) - 1, int(total)
    raise ConfigError(f"--part {text}: expected K/N with K from 1 to N, for example 2/4")


def _ids(path: Path | None) -> list[str] | None:
    from frlib.core.errors import DataError

    if path is None:
        return None
    try:
        found = [line for line in path.read_text().splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); expected an id a line") from error
    if not found:
        raise DataError(f"{path}: empty; expected an id a line")
    return found
