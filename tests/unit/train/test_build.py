"""What is trained, and what is not."""

import pytest
import torch

from frlib.core.errors import ConfigError
from frlib.heads.presets import arcface
from frlib.optimisers import sgd
from frlib.train.build import shares_classes, train_mode
from frlib.train.place import Place
from tests.unit.train.worlds import are_equal, config, state


def _frozen(*patterns: str) -> set[str]:
    """Names that these take out of training."""
    usual, made = state(config()), state(config(freeze=patterns))
    trained = {n for n, p in usual.trainee.named_parameters() if p.requires_grad}
    return trained - {n for n, p in made.trainee.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("backbone.fc.weight", {"backbone.fc.weight"}),
        ("backbone.fc", {"backbone.fc.weight", "backbone.fc.bias"}),
        ("head", {"head.weight"}),
        ("backbone.layer1.conv?.weight", {f"backbone.layer1.conv{n}.weight" for n in (1, 2)}),
        ("*.downsample.1.*", {f"backbone.layer{n}.downsample.1.weight" for n in (2, 3, 4)}),
    ],
)
def test_freeze_when_a_pattern_is_given_then_takes_out_what_it_means(
    pattern: str, names: set[str]
) -> None:
    assert _frozen(pattern) == names


def test_freeze_when_several_are_given_then_takes_out_all_of_them() -> None:
    found = _frozen("backbone.layer*", "head")
    assert "head.weight" in found and "backbone.layer4.bn3.bias" in found
    assert not any(name.startswith("backbone.fc") for name in found)


def test_freeze_when_a_name_is_unknown_then_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'backbone.layr1'.*did you mean 'backbone.layer1'\?"):
        _frozen("backbone.layr1")
    with pytest.raises(ConfigError, match=r"Parts: backbone\.bn1, .*head\.weight"):
        _frozen("head", "x*")


def test_freeze_when_nothing_is_left_then_is_refused() -> None:
    with pytest.raises(ConfigError, match="leaves nothing to train"):
        _frozen("backbone", "head")


def test_train_mode_when_batch_norms_are_frozen_whole_then_these_alone_evaluate() -> None:
    frozen = ("backbone.bn1", "backbone.layer2.bn1.weight", "backbone.layer3")
    made = state(config(freeze=frozen))
    train_mode(made.trainee)
    still = {n for n, layer in made.trainee.named_modules() if not layer.training}
    downsample = {"backbone.layer3.downsample.2"}
    assert still == {"backbone.bn1", *(f"backbone.layer3.bn{n}" for n in (1, 2, 3))} | downsample


def test_build_when_repeated_then_weights_are_equal_and_torch_is_left_alone() -> None:
    torch.manual_seed(1)
    one, before = state(config()), torch.get_rng_state()
    torch.manual_seed(2)
    other = state(config(optimiser=sgd.Config(layer_decay=0.5), ema=0.5))
    assert are_equal(one.trainee.state_dict(), other.trainee.state_dict())
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("rows", "classes", "workers", "are_shared"),
    [
        ("auto", 20_000, 2, True),
        ("auto", 19_999, 2, False),
        ("auto", 20_000, 1, False),
        ("sharded", 10, 2, True),
        ("sharded", 10, 1, False),
        ("offloaded", 10, 2, True),
        ("replicated", 20_000, 8, False),
    ],
)
def test_shares_classes_when_asked_then_follows_the_config(
    rows: str, classes: int, workers: int, are_shared: bool
) -> None:
    assert shares_classes(config(class_rows=rows), classes, workers) is are_shared


def test_build_when_offloaded_then_the_rows_are_never_on_the_device() -> None:
    """A tensor that is on this device has lost its values for good."""
    run = config(class_rows="offloaded", head=arcface.Config(sample_rate=0.5))
    made = state(run, place=Place(torch.device("meta")))
    assert made.trainee.backbone.get_parameter("fc.weight").is_meta
    wanted = state(config()).trainee.head.weight
    assert torch.equal(made.trainee.head.weight, wanted)
