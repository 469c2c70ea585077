"""What does a search cost, and how near does it come to the best of a full grid?

The question that is searched: which margin and which lambda suit BoundaryFace under label flips? A
full grid of 5 x 5 arms with five seeds is trained for real. Then every strategy searches in its
records, 30 times each (`frlib.study.contest`): the grid in a random order, random draws, TPE, TPE
with ASHA (halving over epochs, then over seeds), TPE with racing over seeds. The aim: within 0.2
points of the grid's best at one fifth of its time.
"""

from frlib.backbones import tiny
from frlib.core.space import Uniform
from frlib.heads.presets import boundary
from frlib.optimisers import sgd
from frlib.pruning import halving, none, racing
from frlib.samplers import grid, random, tpe
from frlib.schedules import poly
from frlib.study.contest import Contest, Strategy
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig
from studies import _faces, _procedural

SIDE = 5
"""Values of margin and of lambda; the default is the point in the middle."""


def strategies() -> tuple[Strategy, ...]:
    """Each may try as many arms as the grid has."""
    every = Search(arms_per_cell=SIDE**2, sampler=grid.Config(points=SIDE))
    draws = Search(arms_per_cell=SIDE**2, sampler=random.Config())
    model = Search(arms_per_cell=SIDE**2, sampler=tpe.Config())
    return (
        Strategy(label="grid", search=every),
        Strategy(label="random", search=draws),
        Strategy(label="TPE", search=model),
        Strategy(label="TPE + ASHA", search=model, pruning=halving.Config(first_epoch=2)),
        Strategy(label="TPE + racing", search=model, pruning=racing.Config()),
    )


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, at 32 pixels with 20 % flips; else procedural ones."""
    data = _faces.faces(faces).model_copy(update={"size": 32}) if faces else _procedural.faces()
    epochs, first_corrected_epoch = (8, 5) if faces else (6, 3)
    return Study(
        name="search_cost_faces" if faces else "search_cost",
        question=__doc__,
        base=TrainConfig(
            data=data,
            backbone=tiny.Config(width=8),
            head=boundary.Config(
                scale=16.0, margin=0.3, lam=3.0, first_corrected_epoch=first_corrected_epoch
            ),
            schedule=poly.Config(),
            optimiser=sgd.Config(lr=0.1, nesterov=True),
            epochs=epochs,
            batch_size=64,
            select_every=2,
        ),
        axes={"noise.closed.ratio": (0.2,) if faces else (0.4, 0.0)},
        space={
            "head.margin": Uniform(low=0.1, high=0.5),
            "head.lam": Uniform(low=0.0, high=6.0),
        },
        search=Search(arms_per_cell=SIDE**2, sampler=grid.Config(points=SIDE)),
        pruning=none.Config(),
        contest=Contest(strategies=strategies(), levelled=True),
        replicates=Replicates(seeds=(0, 1, 2, 3, 4)),
        selection=Selection(metric="auc"),
        report=tuple(f"{one.name}/insightface10/accuracy" for one in data.benchmarks),
        table="search_cost",
    )
