"""`frlib export onnx | safetensors`."""

from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import Run

app = typer.Typer(
    name="export", help="A finished run's network for other programs.", no_args_is_help=True
)


@app.command()
def onnx(
    run: Run, out: Annotated[Path, typer.Option("--out", help="The file to write, .onnx.")]
) -> None:
    """ONNX with any batch, as insightface's model zoo loads it; compared with torch first."""
    from frlib.cli.show import console
    from frlib.export import onnx as form
    from frlib.records import finished

    found = form.write(finished.find(run), out)
    console.print(
        f"{found.path}: {found.size} pixels, RGB, (x - 127.5) / 127.5, to {found.dimensions} "
        f"numbers; {found.num_bytes / 1e6:,.1f} MB. onnxruntime is {found.difference:.0e} from "
        "torch.",
        soft_wrap=True,
    )
    if not found.is_zoo:
        console.print(
            f"insightface's model zoo does not take images of {found.size} pixels for faces to "
            "recognise (it takes 112, 128, ...): load this file with onnxruntime itself.",
            soft_wrap=True,
        )


@app.command()
def safetensors(
    run: Run, out: Annotated[Path, typer.Option("--out", help="The folder to write into.")]
) -> None:
    """The network's tensors, config.json and a model card with data, noise, head and metrics."""
    from frlib.cli.show import console
    from frlib.export import bundle
    from frlib.records import finished

    folder = bundle.write(finished.find(run), out)
    console.print(f"{folder}: {', '.join(bundle.FILES)}", soft_wrap=True)
