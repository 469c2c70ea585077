"""What every sampler keeps, whichever modules there are."""

from types import ModuleType

import optuna
import pytest

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.core.space import Branches, IntUniform, OneOf, Uniform, keyed
from frlib.rayrun.memory import Memory, Outcome
from frlib.samplers import Need, Sampler
from frlib.study.arms import Cell, cells
from frlib.study.schema import Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from tests.unit.study.designs import digests, small

PACKAGE = "frlib.samplers"
MODULES = [discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)]
SPACE = {
    "optimiser.lr": Uniform(low=0.01, high=1.0, log=True),
    "epochs": IntUniform(low=2, high=6),
    "batch_size": OneOf(values=(64, 128)),
}
SEVERAL = Selection(metric="auc", against=("images", "seconds"))
every = pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.split(".")[-1])
suggesting = pytest.mark.parametrize(
    "module", [m for m in MODULES if hasattr(m, "build")], ids=lambda m: m.__name__.split(".")[-1]
)


def _cell() -> Cell:
    return next(cells(small(space=SPACE, pruning="none"), digests))


def _memory(module: ModuleType, selection: Selection) -> Memory:
    search = Search(arms_per_cell=12, sampler=module.Config(), seed=4)
    return Memory(_cell(), search, selection, optuna.storages.InMemoryStorage())


@every
def test_module_when_loaded_then_has_config_paper_and_one_way_to_propose(
    module: ModuleType,
) -> None:
    config = module.Config()
    assert isinstance(config, Sampler) and isinstance(module.PAPER, Paper)
    assert config.name == module.__name__.removeprefix(f"{PACKAGE}.")
    assert hasattr(module, "build") != hasattr(module, "points")
    assert {"lists", "branches", "objectives", "limits"} >= module.HANDLES
    assert Search.parse({"sampler": config.name}).sampler == config


@suggesting
@pytest.mark.parametrize("selection", [Selection(), SEVERAL], ids=["one", "several"])
def test_sampler_when_arms_end_in_all_ways_then_goes_on_inside_the_space(
    module: ModuleType, selection: Selection
) -> None:
    if selection.against and "objectives" not in module.HANDLES:
        pytest.skip("it refuses several objectives")
    memory, cell = _memory(module, selection), _cell()
    ways = ("complete", "complete", "stopped", "failed")
    for turn in range(12):
        number, point = memory.suggest()
        assert keyed(cell.space, point) is not None
        status, over = ways[turn % 4], 0.5 if turn % 4 == 2 else -0.5
        memory.tell(
            number,
            Outcome(
                arm=cell.arm(point),
                status=status,
                value=None if status == "failed" else 0.5 + turn / 100,
                step=3,
                others=(float(turn), 2.0) if selection.against else (),
                excess=(("seconds", over),) if "limits" in module.HANDLES else (),
            ),
        )
    running = [memory.suggest() for _ in range(3)]
    assert len({number for number, _ in running}) == 3, "several at a time"


@suggesting
def test_sampler_when_seeds_are_equal_then_proposes_alike_and_else_not(module: ModuleType) -> None:
    def first(seed: int) -> list[dict[str, object]]:
        search = Search(arms_per_cell=12, sampler=module.Config(), seed=seed)
        memory = Memory(_cell(), search, Selection(), optuna.storages.InMemoryStorage())
        return [dict(memory.suggest()[1]) for _ in range(4)]

    assert first(1) == first(1)
    assert first(1) != first(2)


@every
def test_study_when_a_sampler_cannot_do_what_is_asked_then_it_is_refused(
    module: ModuleType,
) -> None:
    name = module.Config().name
    branching = {
        "optimiser": Branches(options={"sgd": {"lr": Uniform(low=0.01, high=1)}, "adamw": {}})
    }
    asked = {
        "branches": {"space": branching},
        "objectives": {"selection": SEVERAL},
        "limits": {"search": {"limits": {"seconds": 60}}},
        "lists": {"space": {"batch_size": SPACE["batch_size"]}},
    }
    for skill, changes in asked.items():
        search = {"arms_per_cell": 4, "sampler": name} | changes.get("search", {})
        design = {"space": SPACE, "pruning": "none"} | changes | {"search": search}
        value = small(pruning="none", space=SPACE).to_json() | {
            key: _json(part) for key, part in design.items()
        }
        if skill in module.HANDLES:
            Study.parse(value)
        else:
            with pytest.raises(ConfigError, match=f"{name} does not handle .*{skill}"):
                Study.parse(value)


def _json(part: object) -> object:
    if isinstance(part, dict):
        return {key: _json(value) for key, value in part.items()}
    dump = getattr(part, "model_dump", None)
    return dump(mode="json") if dump else part


def test_grid_when_there_are_real_numbers_then_has_the_points_asked_for() -> None:
    module = discover.load(PACKAGE, "grid")
    found = module.points(module.Config(points=3), SPACE, 1)
    assert len(found) == 3 * 3 * 2
    assert found != module.points(module.Config(points=3), SPACE, 2)
    assert sorted(map(str, found)) == sorted(
        map(str, module.points(module.Config(points=3), SPACE, 2))
    )


def test_cmaes_when_its_package_is_missing_then_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    module = discover.load(PACKAGE, "cmaes")
    with pytest.raises(ConfigError, match=r"frlib\[search\]"):
        module.build(module.Config(), Need(seed=0, study_seed=0, arms=4, has_branches=False))
