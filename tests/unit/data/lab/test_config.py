"""Fields by module, the declared order, and what of both is in the digest."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from frlib.core import discover
from frlib.core.config import digest, get_path, override, to_dict, with_path
from frlib.core.errors import ConfigError
from frlib.data.config import NoiseConfig
from frlib.data.lab.config import PACKAGE, modules

PUBLISHED = (
    "long_tail",
    "duplicate",
    "merged",
    "closed",
    "asymmetric",
    "open",
    "blur",
    "low_resolution",
    "occlusion",
)
BOTH = {"closed": {"ratio": 0.2}, "open": {"ratio": 0.1}}


def test_fields_when_listed_then_one_a_module_and_the_order() -> None:
    assert set(NoiseConfig.model_fields) == {"order", *discover.choices(PACKAGE)}
    assert NoiseConfig().order == PUBLISHED


def test_order_when_some_steps_are_named_then_the_rest_follow_in_their_stage() -> None:
    found = NoiseConfig(order=("merged", "open", "closed")).order
    assert found == (
        "merged",
        "long_tail",
        "duplicate",
        "open",
        "closed",
        "asymmetric",
        "blur",
        "low_resolution",
        "occlusion",
    )


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["closed", "long_tail"], r"long_tail \(reshaping\) cannot come after closed \(flip\): it"),
        (["blur", "open"], r"open \(flip\) cannot come after blur \(flaw\): .*would be lost"),
        (["occlusion", "merged"], r"merged \(reshaping\) cannot come after occlusion \(flaw\)"),
        (["close"], r"'close' is no kind of noise \(did you mean 'closed'\?\)"),
        (["open", "open"], "'open' is named twice"),
    ],
)
def test_order_when_it_cannot_be_then_error_says_why(order: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NoiseConfig.parse({"order": order})


def test_digest_when_steps_are_neutral_then_they_and_their_order_do_not_count() -> None:
    assert NoiseConfig().counted() == {}
    plain = NoiseConfig.parse({"closed": {"ratio": 0.2}})
    assert to_dict(plain, places=False) == {"closed": {"ratio": 0.2, "strict": True}}
    other = NoiseConfig.parse(
        {
            "closed": {"ratio": 0.2},
            "order": ["open", "closed"],
            "blur": {"strength": 0.1},
            "open": {"aligned": False},
        }
    )
    assert digest(plain) == digest(other)
    assert plain != other


def test_digest_when_active_steps_change_places_then_differs() -> None:
    usual = NoiseConfig.parse(BOTH)
    assert digest(usual) == digest(NoiseConfig.parse(BOTH | {"order": ["closed", "open"]}))
    assert digest(usual) != digest(NoiseConfig.parse(BOTH | {"order": ["open", "closed"]}))


def test_digest_when_embeddings_lie_elsewhere_then_equal() -> None:
    one, two = (
        NoiseConfig.parse({"asymmetric": {"ratio": 0.1, "embeddings": path}}) for path in "ab"
    )
    assert digest(one) == digest(two)
    assert to_dict(one) != to_dict(two)


def test_json_when_read_back_then_equal_with_every_step() -> None:
    noise = NoiseConfig.parse(BOTH | {"order": ["open", "closed"]})
    plain = json.loads(json.dumps(to_dict(noise)))
    assert set(plain) == set(NoiseConfig.model_fields)
    assert NoiseConfig.parse(plain) == noise


def test_config_when_pickled_then_equal() -> None:
    noise = NoiseConfig.parse(BOTH)
    assert pickle.loads(pickle.dumps(noise)) == noise


def test_override_when_a_step_is_set_then_the_others_stay() -> None:
    noise = override(NoiseConfig(), ["closed.ratio=0.2", 'order=["open", "closed"]'])
    assert get_path(noise, "closed.ratio") == 0.2
    assert noise.order.index("open") < noise.order.index("closed")
    assert with_path(noise, "blur.ratio", 0.5).active == ("closed", "blur")


@pytest.mark.parametrize("name", PUBLISHED)
def test_step_when_at_its_defaults_then_inactive(name: str) -> None:
    assert NoiseConfig().step(name).is_neutral
    assert modules()[name].STAGE in ("reshaping", "flip", "flaw")
    assert name not in NoiseConfig().active


PLUGIN = '''\
"""Every image of a class is given the next class's label: an example from outside."""

from dataclasses import replace

from frlib.core.config import setting
from frlib.data.manifest import CLEAN, CLOSED
from frlib.data.noise._step import Step

STAGE, ORDER = "{stage}", 15


class Config(Step):
    """A switch."""

    ratio: float = setting(0.0, ge=0, le=1, doc="above 0: all are moved")


def apply(manifest, config, rng, *, clean, pool):
    """Move the rows that are clean so far."""
    if config.is_neutral:
        return manifest
    mine = manifest.kinds == CLEAN
    labels, kinds = manifest.labels.copy(), manifest.kinds.copy()
    labels[mine] = (clean.labels[mine] + 1) % clean.num_classes
    kinds[mine] = CLOSED
    noise = manifest.facts.get("noise", {{}}) | {{"shift": {{"rows": int(mine.sum())}}}}
    facts = manifest.facts | {{"noise": noise}}
    return replace(manifest, labels=labels, kinds=kinds, facts=facts)
'''
USE = """
from frlib.core.config import digest
from frlib.data.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from tests.unit.data.tiny_sets import manifest

assert NoiseConfig().order.index("shift") == NoiseConfig().order.index("closed") + 1
assert digest(NoiseConfig.parse({"closed": {"ratio": 0.5}})) == "%s"
noise = NoiseConfig.parse({"closed": {"ratio": 0.5}, "shift": {"ratio": 1}})
noisy = corrupt(manifest(4, 4), noise, None, 0)
print(noisy.labels.tolist(), noisy.facts["noise"]["summary"]["kinds"]["closed"]["rows"])
"""


def _installed(folder: Path, stage: str) -> dict[str, str]:
    """As pip leaves a package with one kind of noise; the environment that has it."""
    folder.mkdir()
    (folder / "shift_noise.py").write_text(PLUGIN.format(stage=stage))
    info = folder / "shift_noise-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shift_noise\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[frlib.data.noise]\nshift = shift_noise\n")
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[3]}"}


def _python(env: dict[str, str], code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )


def test_plugin_when_installed_then_a_field_a_place_and_no_digest_changes(tmp_path: Path) -> None:
    before = digest(NoiseConfig.parse({"closed": {"ratio": 0.5}}))
    done = _python(_installed(tmp_path / "site", "flip"), USE % before)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[1, 1, 1, 1, 0, 0, 0, 0] 8"


def test_plugin_when_its_stage_is_unknown_then_error_names_it(tmp_path: Path) -> None:
    done = _python(_installed(tmp_path / "site", "later"), "import frlib.data.config")
    assert done.returncode != 0
    assert "frlib.data.noise.shift: expected STAGE (one of reshaping, flip, flaw)" in done.stderr
