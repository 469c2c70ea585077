"""Asks a trained model about every sample of its training set, and writes down what it says."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from frlib.cleaning import evidence
from frlib.cleaning.evidence import Answers, Course, Truth
from frlib.core import discover, safeio
from frlib.core.errors import NumericsError, RecordError
from frlib.data.loading.choose import open_training
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.prepare import prepare
from frlib.data.texts import ABSENT, places
from frlib.evaluate.embed import to_input
from frlib.heads._unit import directions
from frlib.heads.build import build as build_head
from frlib.heads.build import slots
from frlib.heads.head import Head
from frlib.heads.relabel import none
from frlib.heads.streamed import Streamed
from frlib.records import finished, first_epochs
from frlib.stages._job import Job
from frlib.train import course, followed, starting
from frlib.train.cleaned import cleaned
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from frlib.train.start import Start
from frlib.train.trainee import Trainee

_BATCH, _LOGITS = 256, 2**25
_NOWHERE = -1.0
"""Cosine with a class that the model does not have."""
Classes = NDArray[np.int64]


@dataclass(frozen=True)
class Trained:
    """A finished run. config: as it was trained. folder: `arms/<arm>/r<seed>`."""

    config: TrainConfig
    folder: Path
    store: Path

    @property
    def seed(self) -> int:
        """Its own, whatever the seed of the stage that asks."""
        return int(self.folder.name.removeprefix("r"))


def collect(
    trained: Trained,
    sees: tuple[str, ...],
    over: str,
    place: Place,
    folder: Path,
    *,
    mirrored: bool = False,
) -> dict[str, Any]:
    """Write the evidence of a run into a folder; samples and classes it is about.

    Every worker calls this and passes its share of the images; the first one writes.
    """
    config = trained.config
    noisy = prepare(config.data, config.noise, trained.seed, trained.store)
    prepared, cleaning = cleaned(noisy, config.clean)
    manifest, own = prepared.train, prepared.train
    new_class = np.arange(own.num_classes)
    if over == "whole" and cleaning is not None:
        manifest, new_class = noisy.train, cleaning.new_class
    answers, loss_k, scale = None, 0, 0.0
    if sees:
        trainee = _trainee(trained, own, place)
        if mirrored:
            trainee.backbone = _Mirrored(trainee.backbone)
        with ExitStack() as opened:
            threads = torch.get_num_threads()
            pixels = opened.enter_context(
                open_training(config.data, manifest, trained.store, threads)
            )
            kept = folder if "embeddings" in sees else None
            answers = _asked(trainee, manifest, new_class, pixels, place, kept)
        if "embeddings" in sees:
            loss_k, scale = _centres(trainee.head, new_class, place, folder)
    if place.is_first:
        is_own = manifest is own
        evidence.write(
            folder,
            ids=manifest.ids,
            identities=manifest.identities,
            given=manifest.labels,
            truth=Truth(true=manifest.true_labels, kinds=manifest.kinds),
            course=_course(trained, own, manifest, new_class),
            answers=answers if "answers" in sees else None,
            loss_k=loss_k,
            scale=scale,
            before=cleaning.found if cleaning is not None and is_own else None,
            applied=config.clean.apply,
        )
    return {"samples": len(manifest), "classes": manifest.num_classes}


def truth_alone(run: TrainConfig, job: Job, folder: Path) -> dict[str, Any]:
    """Write what is known of the noisy set of a run before anybody is trained."""
    noisy = prepare(run.data, run.noise, job.seed, job.store).train
    nothing = np.empty(0, dtype=np.int64)
    if job.place.is_first:
        evidence.write(
            folder,
            ids=noisy.ids,
            identities=noisy.identities,
            given=noisy.labels,
            truth=Truth(true=noisy.true_labels, kinds=noisy.kinds),
            course=Course(
                kind="",
                epochs=0,
                epoch=nothing,
                row=nothing,
                proposed=nothing,
                score=nothing.astype(np.float64),
            ),
        )
    return {"samples": len(noisy), "classes": noisy.num_classes}


def _trainee(trained: Trained, manifest: Manifest, place: Place) -> Trainee:
    """The run's weights in evaluation mode; its head answers for the given labels alone.

    Head settings are those of the last epoch that trained the weights, where a course changes them.
    """
    done = finished.find(trained.folder).facts["model"]["epoch"]
    config = course.at(trained.config, max(0, done - 1))
    backbones = discover.load("frlib.backbones", config.backbone.name)
    head = build_head(
        config.head,
        manifest.num_classes,
        config.backbone.embedding_size,
        trained.seed,
        num_samples=len(manifest),
    )
    trainee = Trainee(backbones.build(config.backbone, config.data.size), head)
    starting.load(Start(path=str(trained.folder), head=True), trainee)
    head.slots = replace(head.slots, relabel=none.Config(), terms=())
    head.config = head.config.model_copy(update={"form": "reference", "logits": "float32"})
    trainee.to(place.device).to(memory_format=torch.channels_last)
    return trainee.eval()


class _Mirrored(nn.Module):
    """A backbone whose embedding of an image is the mean with that of its mirror image."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self._backbone = backbone

    def forward(self, images_BCHW: Tensor) -> Tensor:
        turned_BCHW = images_BCHW.flip(3).contiguous(memory_format=torch.channels_last)
        return (self._backbone(images_BCHW) + self._backbone(turned_BCHW)) / 2


@torch.no_grad()
def _asked(
    trainee: Trainee,
    manifest: Manifest,
    new_class: Classes,
    pixels: Pixels,
    place: Place,
    folder: Path | None,
) -> Answers:
    """Answers to all samples; their embeddings go into a file of the folder as they come.

    new_class: class of the manifest -> the model's, less than 0 where it has none.
    """
    group, size, labels = place.group, len(manifest), new_class[manifest.labels]
    each = max(1, min(_BATCH, _LOGITS // manifest.num_classes))
    step = each * group.size
    dim = trainee.head.weight.shape[1]
    columns = np.empty((size, 7))
    with ExitStack() as opened:
        written = None
        if place.is_first and folder is not None:
            aside = opened.enter_context(safeio.atomic(folder / "embeddings.npy"))
            written = np.lib.format.open_memmap(aside, "w+", np.float32, (size, dim))
        for first in range(0, size, step):
            rows = np.minimum(np.arange(first, first + step), size - 1)
            mine = rows[group.rank * each : (group.rank + 1) * each]
            emb_BD, told_B7 = _answered(trainee, labels[mine], pixels, mine, place)
            last = min(first + step, size)
            columns[first:last] = group.all_gather(told_B7)[: last - first].cpu().numpy()
            every_ND = emb_BD if folder is None else group.all_gather(emb_BD)[: last - first]
            if written is not None:
                written[first:last] = every_ND.cpu().numpy()
        if written is not None:
            written.flush()
    own, rival, rival_class, second, label, largest, total = columns.T
    lost = labels < 0
    is_nearest = lost & (own >= rival)
    second = np.where(lost, np.where(is_nearest, rival, np.maximum(own, second)), second)
    rival = np.where(is_nearest, own, rival)
    rival_class = np.where(is_nearest, 0, rival_class).astype(np.int64)
    return Answers(
        own=np.where(lost, _NOWHERE, own),
        rival=rival,
        rival_class=np.flatnonzero(new_class >= 0)[rival_class],
        second=np.where(np.isneginf(second), _NOWHERE, second),
        label_logit=np.where(lost, _NOWHERE * np.abs(largest), label),
        max_logit=largest,
        log_sum_exp=total,
    )


def _answered(
    trainee: Trainee, given: Classes, pixels: Pixels, rows: NDArray[np.int64], place: Place
) -> tuple[Tensor, Tensor]:
    """`[B, D]` embeddings and `[B, 7]` columns of `Answers`, in the model's numbers.

    given: `[B]`; less than 0: class 0 stands in for one that the model does not have, with no
    margin.
    """
    head = trainee.head
    images = to_input(torch.from_numpy(pixels.batch(rows)).to(place.device))
    given_B = torch.from_numpy(given).to(place.device)
    lost_B, given_B = given_B < 0, given_B.clamp(min=0)
    emb_BD = trainee.backbone(images).float()
    if not torch.isfinite(emb_BD).all():
        raise NumericsError(
            f"an embedding of images {rows[0]} to {rows[-1]} is not finite: the model's training "
            "diverged. Lower optimiser.lr or the head's scale"
        )
    output = head(emb_BD, given_B, epoch=0)
    logits_BC = output.logits_BC
    assert logits_BC is not None, "the reference form has them"
    similarity = head.slots.similarity
    towards_BD = directions(emb_BD) if similarity.normalised else emb_BD
    survey = Streamed(towards_BD, head.weight, similarity, head.shard).survey(given_B, depth=2)
    assert survey.second_B is not None, "it was asked for two"
    scale = head.slots.scale.current(head.state_of("scale"))
    label_B = logits_BC.gather(1, given_B[:, None])[:, 0]
    label_B = torch.where(lost_B, scale * survey.own_B, label_B)
    logits_BC = logits_BC.scatter(1, given_B[:, None], label_B[:, None])
    told = (
        survey.own_B,
        survey.first_B,
        survey.first_class_B,
        survey.second_B,
        label_B,
        logits_BC.amax(1),
        logits_BC.double().logsumexp(1),
    )
    return emb_BD, torch.stack([column.double() for column in told], dim=1)


def _centres(head: Head, new_class: Classes, place: Place, folder: Path) -> tuple[int, float]:
    """Class centres into a file, zeros for a class that the model has none of.

    Returns centres of a class, and the scale of the logits.
    """
    loss_k = head.slots.similarity.centres_per_class
    if place.is_first:
        weight = (
            head.weight.detach().float().cpu().numpy().reshape(-1, loss_k, head.weight.shape[1])
        )
        whole = np.zeros((len(new_class), *weight.shape[1:]), dtype=np.float32)
        whole[new_class >= 0] = weight[new_class[new_class >= 0]]
        with safeio.atomic(folder / "weight.npy") as aside, aside.open("wb") as file:
            np.save(file, whole.reshape(-1, weight.shape[2]))
    return loss_k, head.slots.scale.current(head.state_of("scale"))


def _course(trained: Trained, own: Manifest, manifest: Manifest, new_class: Classes) -> Course:
    """What its records say that the training decided; of two attempts at an epoch the later."""
    rows = first_epochs.gather(trained.folder, trained.config.epochs)
    passes = rows["metrics"].filter(pc.equal(rows["metrics"]["name"], "train/loss"))
    if not len(passes):
        raise RecordError(f"{trained.folder}: no epoch is on record; run it again")
    moves = rows["decisions"].filter(pc.greater_equal(rows["decisions"]["epoch"], 0))
    row = places(moves["sample"], manifest.ids)
    if (row == ABSENT).any():
        raise RecordError(
            f"{trained.folder}: {int((row == ABSENT).sum())} decisions are on samples that its "
            "training set does not have; were its records or the data set changed? Run it again"
        )
    epoch = moves["epoch"].to_numpy().astype(np.int64)
    order = np.lexsort((row, epoch))
    relabel = slots(trained.config.head).relabel.name
    return Course(
        kind="" if relabel == none.Config().name else relabel,
        epochs=int(pc.max(passes["epoch"]).as_py()),
        epoch=epoch[order],
        row=row[order],
        proposed=np.flatnonzero(new_class >= 0)[moves["proposed"].to_numpy()[order]],
        score=moves["score"].to_numpy().astype(np.float64)[order],
        losses=_losses(trained.folder / followed.FILE, own, manifest),
    )


def _losses(path: Path, own: Manifest, manifest: Manifest) -> NDArray[np.float16] | None:
    """`[E, N]` of the samples of a manifest, where the run kept those of its own ones."""
    if not path.is_file():
        return None
    kept: NDArray[np.float16] = np.load(path, mmap_mode="r", allow_pickle=False)
    if manifest is own:
        return kept
    found = np.full((len(kept), len(manifest)), np.nan, dtype=np.float16)
    found[:, places(own.ids, manifest.ids)] = kept
    return found
