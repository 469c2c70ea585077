"""A contact sheet of a draw: examples of every kind, beside what they are compared with."""

from pathlib import Path

from analysis.galleries import contact_sheet
from analysis.galleries.contact_sheet import Row, Section
from frlib.core.reference import plain
from frlib.data.lab.cases import Case, groups
from frlib.data.lab.draw import Draw, pixels

SIZE = 112
"""Side of the pixels that are fetched; flaws are put in at this size."""


def write(draw: Draw, path: Path, examples: int = 5) -> Path:
    """Fetch the examples and draw them into a PNG file."""
    sections = [
        Section(
            heading=f"{group.kind.replace('_', ' ').capitalize()}: {group.count:,} {group.of}",
            left=group.left,
            right=group.right,
            rows=[_row(draw, case) for case in group.cases],
        )
        for group in groups(draw, examples)
    ]
    settings = "; ".join(f"{name} {_settings(draw, name)}" for name in draw.lab.noise.active)
    source = draw.lab.data.train
    where = Path(getattr(source, "path", "") or source.name).name  # type: ignore[attr-defined]
    subtitle = (
        f"{len(draw.noisy):,} images, {draw.noisy.num_classes:,} classes, seed {draw.seed}. "
        f"{settings or 'no noise'}"
    )
    return contact_sheet.write(sections, f"Noise in {where}", subtitle, path)


def _settings(draw: Draw, name: str) -> str:
    step = draw.lab.noise.step(name)
    usual = type(step)().counted()
    shown = {key: value for key, value in step.counted().items() if value != usual[key]}
    texts = [f"{key.replace('_', ' ')} {plain(value)}" for key, value in shown.items()]
    return ", ".join([*texts, *(f"by {file}" for file in step.files)])


def _row(draw: Draw, case: Case) -> Row:
    manifest = draw.clean if case.of == "clean" else draw.noisy
    return Row(
        left=list(pixels(manifest, case.left, SIZE, flawed=False)),
        right=list(pixels(manifest, case.right, SIZE)),
        kind=case.kind,
        lines=case.lines,
    )
