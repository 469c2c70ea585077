"""Whether batches of all cells, and of the stages of each, divide over a study's workers."""

from typing import Any

import pytest

from frlib.core.errors import ConfigError
from frlib.study.schema import Study
from frlib.train.config import TrainConfig
from tests.unit.study.designs import small

TWO = {"workers": 2}


def _study(**changes: Any) -> Study:
    return small(**{"space": {}, "axes": {"head.margin": (0.1, 0.2)}, "resources": TWO} | changes)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({"batch_size": (64, 63)}, r"batch_size=63 does not divide .* choose a multiple of 2"),
        ({"sync_batchnorm": (True, False)}, r"only while sync_batchnorm is on"),
        (
            {"clean": ({}, {"rule": "loss_quantile", "changes": {"batch_size": 9}})},
            r"stages\.clean\.\w+\.batch_size=9 does not divide",
        ),
        (
            {
                "tail": (
                    None,
                    {"identities": 3, "bag": 6, "part": {"name": "class_size", "below": 5}},
                )
            },
            r"tail\.identities=3 does not divide into 2 workers",
        ),
    ],
    ids=str,
)
def test_check_when_an_axis_brings_what_does_not_divide_then_says_where(
    axes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Study.parse(_study(resources={}).to_json() | {"axes": axes, "resources": TWO})
    assert _study(axes=axes, resources={}).resources.most_workers == 1


def test_check_when_cells_share_what_matters_then_their_stages_are_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    own = TrainConfig.stage_runs
    monkeypatch.setattr(TrainConfig, "stage_runs", lambda run: (seen.append(run), own(run))[1])
    margins = tuple(0.01 * n for n in range(1, 21))
    _study(axes={"clean": ({}, {"rule": "oracle"}), "head.margin": margins})
    assert len(seen) == 2
