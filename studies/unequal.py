"""What does each stage of Unequal Training win on a long tail with wrong labels?

Zhong et al. train in stages: ArcFace on the head, people with many images; a list of the images
that this model is sure of nowhere; the noise-resistant NRA loss on the rest, from the embedding
with new class rows; a second list; and, beside the head's batches, people of the tail, too few
images each to be classified, who are driven apart. The weight of that dispersion the authors raised
by hand from 1 to 5 to 10, going on from the best model. Here the first weights are rounds of one
stage, which keeps the best model by the held-out people, and the run itself is the last round.

Arms: ArcFace on everybody, ArcFace on the head alone, NRA on the cleaned head, and all stages. All
are trained for as many passes in total. Labels of 20 % are flipped and 10 % are outliers, counted
in each class and rounded down, so that the smallest classes of the tail stay clean.

The list's threshold of 0.007 is for tens of thousands of classes at s = 64; among few classes it
flags nothing (`frlib denoise show low_confidence`), so it is THRESHOLD here: the first list then
has 7 % of the head (procedural, 66 classes at s = 16) or 3 % (real, 83 at s = 32), of one seed.
Published results are of MF2, on a server that is gone: none is beside.

Without real faces: procedural ones, 200 people with 60 down to 3 images, 83 of them in the head.
With them: people with ten or more images are the head, those with three to nine the tail. A fifth
of the part that an arm trains on is held out; of the tail, which is not classified, nobody is.

Run to its end on procedural faces: ArcFace on everybody 85.0 ± 0.2 %, on the head alone 79 ± 5, NRA
on the cleaned head 82 ± 4, all stages 82 ± 4 (means of three seeds, half of a 95 % t interval).

Cost without real faces: two minutes of a CPU core a seed, stages included (process time of all
trainings of one seed), so about four minutes on two cores. With them: twenty minutes of a core a
seed, from the seconds of a pass, and half an hour on two cores; not run to its end.
"""

from typing import Any

from frlib.data.config import DataConfig, Holdout
from frlib.data.parts import class_size, whole
from frlib.data.sources import synth
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface, unequal
from frlib.study.schema import Replicates, Study
from frlib.train.tail import Tail
from studies import _faces, _procedural, _runs

SMALLEST = 10
"""Images that make a person one of the head."""
WEIGHTS = (1.0, 5.0, 10.0)
THRESHOLD = 0.25
"""Of both lists: flags about as many procedural faces as there are outliers among them."""
LATER_LR = 0.01


def pipeline(first: HeadConfig, later: HeadConfig, epochs: int, tail: Tail) -> dict[str, Any]:
    """Every stage of the second method and of the last one, by name."""
    head = class_size.Config(at_least=SMALLEST)
    alone: dict[str, Any] = {"data.part": head, "tail": None, "epochs": epochs}
    after = {"epochs": epochs // 2, "optimiser.lr": LATER_LR, "head": later}
    rule = {"name": "low_confidence", "threshold": THRESHOLD}
    return {
        "pretrain": {
            "name": "train",
            "changes": alone | {"head": first, "optimiser.lr": _runs.LR},
        },
        "seen": {"name": "evidence", "model": "pretrain", "sees": ["answers"]},
        "noise_list": {"name": "decide", "evidence": "seen", "rule": rule},
        "nra": {
            "name": "train",
            "changes": alone | after,
            "start": {"stage": "pretrain"},
            "clean": {"stage": "noise_list", "apply": "drop"},
        },
        "seen_again": {"name": "evidence", "model": "nra", "sees": ["answers"]},
        "denoised": {"name": "decide", "evidence": "seen_again", "rule": rule},
        "dispersed": {
            "name": "rounds",
            "changes": {"data.part": head, "tail": tail} | after,
            "each": [{"tail.weight": weight} for weight in WEIGHTS[:-1]],
            "start": {"stage": "nra", "head": True},
            "clean": {"stage": "denoised", "apply": "drop"},
        },
    }


def arms(faces: str, epochs: int) -> tuple[tuple[Any, ...], ...]:
    """Part, head, passes, rate, start, cleaning, tail and stages of every arm."""
    first = arcface.Config(**_runs.penalty(faces))
    later = unequal.Config(**_runs.penalty(faces))
    tail = Tail(
        part=class_size.Config(at_least=3, below=SMALLEST), identities=24, bag=48, refill=10
    )
    stages = pipeline(first, later, epochs, tail)
    head, half = class_size.Config(at_least=SMALLEST), epochs // 2
    total = epochs + half * (1 + len(WEIGHTS))
    listed = {name: stages[name] for name in ("pretrain", "seen", "noise_list")}
    everybody: tuple[Any, ...] = (whole.Config(), first, total, _runs.LR, None, {}, None, {})
    alone: tuple[Any, ...] = (head, first, total, _runs.LR, None, {}, None, {})
    by_list, by_second = ({"stage": n, "apply": "drop"} for n in ("noise_list", "denoised"))
    cleaned = (
        *(head, later, total - epochs, LATER_LR, {"stage": "pretrain"}),
        *(by_list, None, listed),
    )
    last = tail.model_copy(update={"weight": WEIGHTS[-1]})
    dispersed = (
        *(head, later, half, LATER_LR, {"stage": "dispersed", "head": True}),
        *(by_second, last, stages),
    )
    return (everybody, alone, cleaned, dispersed)


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.base(
        faces,
        with_outliers=True,
        data=_data(faces),
        noise={"closed": {"ratio": 0.2}, "open": {"ratio": 0.1}},
    )
    fields = ("data.part", "head", "epochs", "optimiser.lr", "start", "clean", "tail", "stages")
    return Study(
        name="unequal_faces" if faces else "unequal",
        question=__doc__,
        base=base,
        axes={"+".join(fields): arms(faces, base.epochs)},
        pruning="none",
        replicates=Replicates(seeds=(0, 1, 2)),
        report=_runs.reported(base),
        table="unequal",
    )


def _data(faces: str) -> DataConfig:
    """A long tail with three images at least; a fifth of the people selects."""
    found = (
        _faces.faces(faces, with_outliers=True) if faces else _procedural.faces(with_outliers=True)
    )
    changes: dict[str, Any] = {
        "min_images": 3,
        "holdout": Holdout(use_small=False, fraction=0.2, num_pairs=800, folds=5),
    }
    if not faces:
        changes["train"] = synth.Config(identities=200, images=60, fewest_images=3)
    return found.model_copy(update=changes)
