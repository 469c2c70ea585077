"""The model card: what the network saw, how it was trained, what was measured, what it is not."""

from collections.abc import Iterator, Mapping
from typing import Any

from frlib.core.config import canonical
from frlib.records.finished import Finished

_USED = ("selection/", "train/")
_LOAD = """```python
import json
from safetensors.torch import load_file
from frlib.core import discover

config = json.load(open("config.json"))
module = discover.load("frlib.backbones", config["backbone"]["name"])
network = module.build(module.Config.parse(config["backbone"]), config["input"]["size"]).eval()
network.load_state_dict(load_file("model.safetensors"))
```
"""


def text(run: Finished, described: Mapping[str, Any]) -> str:
    """Markdown with the YAML header that model hubs read. `described`: see `bundle.about`."""
    config, takes = run.config, described["input"]
    head = config["head"]
    lines = [
        "---",
        "library_name: frlib",
        "license: other",
        "license_name: terms-of-the-training-images",
        "pipeline_tag: feature-extraction",
        "tags: [face-recognition, label-noise]",
        "---",
        "",
        f"# {config['backbone']['name']} with {head['name']}, {run.study}/{run.arm}/r{run.seed}",
        "",
        f"Turns an aligned face into {described['output']['dimensions']} numbers; two faces are "
        "compared by the cosine of theirs.",
        "",
        "## Input",
        "",
        f"{takes['size']} × {takes['size']} pixels, {takes['colour']}, {takes['layout']}, "
        f"(x − {takes['mean']}) / {takes['std']}; {takes['alignment']}.",
        "",
        _LOAD,
        "## Data",
        "",
        *_table(("data set", "part", "digest of its content"), _sets(run)),
        "",
        f"{_count(run.facts.get('images'))} images of {_count(run.facts.get('classes'))} classes; "
        f"manifest `{described['manifest']}`. Source: "
        f"`{canonical(described['training']['data']['train'])}`.",
        "",
        "## Noise",
        "",
        f"Asked for: `{canonical(config['noise'])}`.",
        "",
        f"Realised: `{canonical(run.facts.get('realised', {}))}`.",
        "",
        "## Training",
        "",
        f"Head: `{canonical(head)}`.",
        "",
        f"Backbone: `{canonical(config['backbone'])}`.",
        "",
        f"{config['epochs']} epochs in batches of {config['batch_size']}, seed {run.seed}, "
        f"precision {run.facts.get('precision', config['precision'])}, frlib {described['frlib']}. "
        "All of it: `training` in config.json.",
        "",
        "## Measured",
        "",
        *_measured(run),
        "",
        "## Terms and limits",
        "",
        "The terms of the training images hold for weights made of them: whoever passes these on "
        "has to know those terms; this card grants nothing. The code of frlib is under the Apache "
        "License 2.0.",
        "",
        "Rates are those of the benchmarks named, with their people, poses and cameras; for other "
        "people and conditions they have to be measured again, for every group of people apart. "
        "No threshold is given: choose it on data of the use at hand.",
        "",
        f"Weights: sha256 `{described['sha256']}`.",
    ]
    return "\n".join(lines) + "\n"


def _sets(run: Finished) -> list[tuple[str, str, str]]:
    """Names with a slash are a benchmark's; the others trained it, as images or as noise."""
    return [
        (name, "benchmark" if "/" in name else "training", sum_)
        for name, sum_ in sorted(run.datasets.items())
    ]


def _measured(run: Finished) -> Iterator[str]:
    """Benchmarks with their protocol variant; what trained or selected the model is named so."""
    pairs = run.facts.get("benchmark_pairs", {})
    rows = []
    for name, value in sorted(run.metrics.items()):
        benchmark, _, rest = name.partition("/")
        variant, _, metric = rest.rpartition("/")
        if variant and not name.startswith(_USED):
            ran = run.facts.get(f"protocols/{benchmark}", {}).get(variant, variant)
            rows.append((benchmark, ran, metric, f"{value:.4f}", _count(pairs.get(benchmark))))
    if rows:
        yield from _table(("benchmark", "protocol", "metric", "value", "pairs"), rows)
    else:
        yield "No benchmark was part of this run."
    chosen = {k: v for k, v in run.metrics.items() if k.startswith("selection/")}
    if chosen:
        told = ", ".join(f"{name} {value:.4f}" for name, value in sorted(chosen.items()))
        yield ""
        yield f"Held-out people of the training set, which select among runs: {told}."


def _table(titles: tuple[str, ...], rows: list[Any]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    for row in rows:
        yield f"| {' | '.join(str(cell) for cell in row)} |"


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "–"
