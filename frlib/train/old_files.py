"""Names of the files that stages leave of an old model, and runs beside it read."""

TRAIN, SELECTION = "train.arrow", "selection.arrow"
SUMMARY_FILE, ABOUT = "summary.safetensors", "about.json"


def benchmark(name: str) -> str:
    """The file of a benchmark's images."""
    return f"benchmark-{name}.arrow"
