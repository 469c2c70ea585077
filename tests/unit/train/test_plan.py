import json
import subprocess
import sys
from typing import Any

import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.heads.build import build
from frlib.heads.presets import arcface, curricular, magface, subcenter
from frlib.optimisers import adamw, sgd
from frlib.train.plan import MemoryPlan, device_bytes, host_bytes, parts, plan
from frlib.train.workload import Workload
from tests.unit.train.workloads import NETWORK, workload
from tests.unit.train.worlds import config

WEIGHT = 4 * 5000 * 32


def _parts(load: Workload) -> dict[str, int]:
    return {part.name: part.bytes for part in parts(load)}


def _plan(workers: int = 1, classes: int = 6, images: int = 48, **changes: Any) -> MemoryPlan:
    hours = changes.pop("hours", 0.0)
    return plan(
        config(**changes), workers=workers, num_classes=classes, num_images=images, hours=hours
    )


def test_parts_when_everything_is_plain_then_are_the_formula() -> None:
    found = _parts(workload())
    assert found["backbone"] == 4 * 1000 + 3 * 80
    assert found["backbone, gradients"] == found["backbone, optimiser"] == 4 * 900
    assert found["class rows"] == found["class rows, gradients"] == WEIGHT
    assert found["class rows, optimiser"] == WEIGHT
    assert found["logits"] == 4 * 64 * 5000
    assert found["backbone, pass"] == NETWORK.pass_bytes(64)
    assert found["loader"] == 3 * 64 * 3 * 32 * 32
    assert not {"backbone, averaging", "class rows, averaging", "class rows, drawn"} & set(found)


def test_sharded_when_there_is_one_worker_then_is_replicated() -> None:
    assert parts(workload(class_rows="sharded")) == parts(workload(class_rows="replicated"))


def test_sample_rate_when_one_then_nothing_is_drawn() -> None:
    drawn = workload(sample_rate=0.1)
    assert _parts(drawn)["class rows, drawn"] == 2 * 4 * 500 * 32
    assert _parts(drawn)["logits"] == 4 * 64 * 500
    assert "class rows, gradients" not in _parts(drawn)
    averaged = workload(sample_rate=0.1, workers=2, class_rows="replicated")
    assert _parts(averaged)["class rows, gradients"] == WEIGHT
    assert workload(sample_rate=1.0).rows_in_step == workload().rows


def test_sample_rate_when_lower_than_the_batch_then_its_classes_take_part() -> None:
    assert workload(sample_rate=0.001).rows_in_step == 64
    assert workload(sample_rate=0.001, classes=50).rows_in_step == 50


def test_accumulate_when_two_then_the_images_of_a_pass_are_half() -> None:
    whole, halves = workload(), workload(accumulate=2)
    assert (whole.piece, halves.piece, halves.share) == (64, 32, 64)
    saved = _parts(whole)["backbone, pass"] - _parts(halves)["backbone, pass"]
    assert saved == 32 * NETWORK.bytes_per_image
    assert _parts(halves)["class rows, next gradient"] == WEIGHT
    assert 2 * _parts(halves)["logits"] == _parts(whole)["logits"]


def test_tail_when_there_is_one_then_its_images_are_in_every_pass() -> None:
    found, alone = _parts(workload(tail=24, workers=2)), _parts(workload(workers=2))
    assert found["backbone, pass"] == NETWORK.pass_bytes(32 + 12)
    pixels = 3 * 32 * 32
    assert found["images"] - alone["images"] == 12 * pixels
    assert found["loader"] - alone["loader"] == 3 * 12 * pixels
    assert found["logits"] == alone["logits"]
    read = _plan(tail={"identities": 4, "images_per_identity": 2, "bag": 6})
    assert read.workload.tail == 8
    assert read.images == 3 * 3 * (16 + 8)
    each, bare = read.workload.network.flops_per_image, _plan()
    assert bare.flops_per_step == 16 * bare.flops_per_image
    assert read.flops_per_step - bare.flops_per_step == 8 * each + 12 * each // 3
    with pytest.raises(ConfigError, match="does not divide into 8 workers"):
        _plan(workers=8, classes=8, tail={"identities": 4, "bag": 6})


def test_workers_when_more_then_share_out_images_and_classes() -> None:
    load = workload(workers=4, class_rows="sharded")
    assert (load.share, load.rows, load.head_batch) == (16, 1250, 64)
    assert _parts(load)["logits"] == 4 * 64 * 1250
    assert _parts(load)["backbone, averaging"] == 4 * 900
    assert "class rows, averaging" not in _parts(load)
    alike = workload(workers=4)
    assert (alike.rows, alike.head_batch) == (5000, 16)
    assert _parts(alike)["class rows, averaging"] == WEIGHT


def test_workers_when_classes_leave_a_rest_then_the_fullest_counts() -> None:
    assert workload(workers=4, classes=5001, class_rows="sharded").rows == 1251


def test_offloaded_when_sampled_then_the_device_holds_the_drawn_rows_alone() -> None:
    load = workload(class_rows="offloaded", sample_rate=0.1)
    on_device = {p.name: p.bytes for p in parts(load) if p.place == "device"}
    assert {n for n in on_device if n.startswith("class rows")} == {"class rows, drawn"}
    assert on_device["class rows, drawn"] == 2 * 4 * 500 * 32
    assert host_bytes(load) - host_bytes(workload()) == 2 * WEIGHT


def test_centres_when_several_then_rows_and_buffers_multiply() -> None:
    load = workload(centres=3)
    assert load.rows == 15_000
    assert _parts(load)["logits"] == 64 * (4 * 15_000 + 4 * 5000 + 5000)


def test_average_when_kept_then_is_one_more_copy_of_the_weights() -> None:
    assert device_bytes(workload(average=True)) - device_bytes(workload()) == 4 * 1000 + WEIGHT


@pytest.mark.parametrize(
    ("optimiser", "moments"),
    [(sgd.Config(), 1), (sgd.Config(momentum=0.0), 0), (adamw.Config(), 2)],
    ids=["sgd", "sgd without momentum", "adamw"],
)
def test_optimiser_when_read_then_keeps_its_numbers(optimiser: Any, moments: int) -> None:
    found = _plan(optimiser=optimiser)
    trained = 4 * found.workload.network.trained
    assert found.workload.moments == moments
    assert _parts(found.workload).get("backbone, optimiser", 0) == moments * trained


def test_config_when_read_then_its_head_decides_rows_and_numbers() -> None:
    assert _plan(head=subcenter.Config(loss_k=2)).workload.rows == 12
    assert _plan(head=magface.Config()).workload.slot_bytes == 0
    head = curricular.Config()
    (number,) = build(head, 6, 16, 0).state_of("negatives").buffers()
    assert _plan(head=head).workload.slot_bytes == 3 * number.nbytes
    assert _plan(head=arcface.Config(sample_rate=0.5)).workload.sample_rate == 0.5


def test_class_rows_when_automatic_then_are_shared_out_from_many_classes_on() -> None:
    assert _plan(workers=2, classes=19_999).workload.class_rows == "replicated"
    assert _plan(workers=2, classes=20_000).workload.class_rows == "sharded"
    assert _plan(workers=1, classes=20_000).workload.class_rows == "replicated"


def test_speed_when_there_is_a_budget_then_counts_the_images_that_pass() -> None:
    found = _plan(images=50, hours=0.5)
    assert (found.steps, found.images) == (3, 3 * 16 * 3)
    assert found.images_per_s == pytest.approx(3 * 16 * 3 / 1800)
    assert _plan().images_per_s is None
    assert found.head_flops_per_image == 6 * 6 * 16
    assert found.flops_per_image == found.workload.network.flops_per_image + 6 * 6 * 16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"workers": 0}, "workers=0: a run has one worker or more"),
        ({"workers": 3}, "batch_size=16 does not divide into 3 workers"),
        ({"workers": 4, "accumulate": 8}, "choose a multiple of 32"),
        ({"classes": 1}, "at least 2"),
        ({"hours": -1.0}, "hours=-1.0"),
        ({"head": arcface.Config(form="reference")}, "head.form=fused"),
    ],
    ids=str,
)
def test_plan_when_the_call_is_wrong_then_says_what_to_do(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _plan(**changes)


def test_plan_when_images_make_no_batch_then_says_so() -> None:
    with pytest.raises(DataError, match="only 10 training images"):
        _plan(images=10)


MEASURE = """
import json, sys
import torch
from frlib.bench import measure
from frlib.core import discover
from frlib.heads.build import build
from frlib.train.config import TrainConfig
from frlib.train.precision import autocast
from frlib.train.workload import workload
from frlib.train.plan import parts

config, classes = TrainConfig.parse(json.loads(sys.argv[1])), int(sys.argv[2])
torch.set_num_threads(1)
measure.free_at_once()
module = discover.load("frlib.backbones", config.backbone.name)
net = module.build(config.backbone, config.data.size).train()
net = net.to(memory_format=torch.channels_last)
head = build(config.head, classes, config.backbone.embedding_size, 0).train()
head.draws_apart = True
labels = torch.randint(0, classes, (config.batch_size,))
size, cpu = config.data.size, torch.device("cpu")

def step():
    images = torch.zeros(config.batch_size, size, size, 3).permute(0, 3, 1, 2)
    with autocast(config.precision, cpu)():
        embeddings = net(images)
    output = head(embeddings, labels, epoch=0, step=0)
    output.loss.backward()
    return output

def reset():
    net.zero_grad(), head.zero_grad(), head.moved_rows()

step()
found = measure.peak_bytes(step, cpu, reset)
load = workload(config, workers=1, num_classes=classes, num_images=classes)
added = ("pass", "gradients", "logits", "drawn", "work")
wanted = sum(p.bytes for p in parts(load) if p.place == "device" and p.name.endswith(added))
print(json.dumps([found, wanted]))
"""

WIDE = {"name": "tiny", "embedding_size": 512}
REAL = {
    "images": ({"batch_size": 256}, 64, 1000),
    "images, bfloat16": ({"batch_size": 256, "precision": "bfloat16"}, 64, 1000),
    "depthwise": ({"backbone": "mobilefacenet", "batch_size": 16}, 112, 1000),
    "classes": ({"backbone": WIDE}, 32, 60_000),
    "classes, bfloat16": ({"backbone": WIDE, "head": {"logits": "bfloat16"}}, 32, 60_000),
    "drawn classes": ({"backbone": WIDE, "head": {"sample_rate": 0.1}}, 32, 60_000),
    "centres": ({"backbone": WIDE, "head": {"name": "subcenter"}}, 32, 20_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REAL)
def test_plan_when_a_real_step_is_measured_then_is_within_eight_per_cent(case: str) -> None:
    changes, size, classes = REAL[case]
    head = {"name": "arcface"} | changes.get("head", {})  # type: ignore[operator, attr-defined]
    text = json.dumps({"data": {"train": "synth", "size": size}} | changes | {"head": head})  # type: ignore[operator]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, text, str(classes)],
        capture_output=True,
        text=True,
        check=True,
    )
    found, wanted = json.loads(done.stdout)
    if found is None:
        pytest.skip("this system does not tell the peak of resident memory")
    assert wanted == pytest.approx(found, rel=0.08)


def test_plan_when_offloaded_and_all_classes_take_part_then_says_so_as_the_run_would() -> None:
    with pytest.raises(ConfigError, match=r"head\.sample_rate below 1"):
        _plan(class_rows="offloaded")


def test_plan_when_there_is_an_old_model_then_its_method_is_counted() -> None:
    compat = {"changes": {"epochs": 1}}
    bare, bct, unibct = (
        plan(
            config(compat=compat | {"method": {"name": name}}, epochs=20),
            workers=1,
            num_classes=1000,
            num_images=6400,
        )
        for name in ("none", "bct", "unibct")
    )
    rows, dim = 16, 16
    assert bct.device_bytes - bare.device_bytes == 4 * (1000 * dim + 3 * rows * 1000)
    assert bct.flops_per_step == bare.flops_per_step < unibct.flops_per_step
