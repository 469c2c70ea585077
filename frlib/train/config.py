"""A complete training run as a value: the composition of the parts. No torch here."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from frlib.core.config import Choice, Config, setting
from frlib.data.augment import Augment
from frlib.data.config import DataConfig, NoiseConfig, Variant
from frlib.data.loading.order import Sampling
from frlib.data.loading.plan import LastBatch

if TYPE_CHECKING:
    from frlib.heads.config import HeadConfig

    Head = HeadConfig

    class Backbone(Config):
        """What every backbone's config has."""

        name: str
        embedding_size: int

    class Schedule(Config):
        """What every schedule's config has."""

        name: str
else:
    Backbone = Choice["frlib.backbones"]
    Head = Choice["frlib.heads.presets"]
    Schedule = Choice["frlib.schedules"]


class OptimiserConfig(Config):
    """SGD with momentum on backbone and head."""

    lr: float = setting(0.1, gt=0, doc="base learning rate")
    momentum: float = setting(0.9, ge=0, lt=1, doc="momentum")
    nesterov: bool = setting(False, doc="Nesterov momentum (BoundaryFace trains with it)")
    weight_decay: float = setting(5e-4, ge=0, doc="weight decay, backbone and head")
    clip_norm: float = setting(5.0, ge=0, doc="gradient norm limit, backbone and head; 0: none")


class TrainConfig(Config):
    """Everything that decides a run, except its replicate seed."""

    data: DataConfig
    noise: NoiseConfig = NoiseConfig()
    backbone: Backbone = Field("tiny", validate_default=True)
    head: Head = Field("arcface", validate_default=True)
    schedule: Schedule = Field("poly", validate_default=True)
    optimiser: OptimiserConfig = OptimiserConfig()
    epochs: int = setting(20, ge=1, doc="passes over the training images", unit="epochs")
    batch_size: int = setting(128, ge=2, doc="images in a step, over all workers")
    augment: Augment = Augment()
    sampling: Sampling = setting(
        "instance", doc="an epoch: every image once, or as many draws, every class equally often"
    )
    last_batch: LastBatch = setting(
        "drop", doc="images that make no whole batch: left out, or completed from the first ones"
    )
    precision: Literal["float32", "bfloat16", "auto"] = setting(
        "float32", doc="autocast of the backbone; auto: bfloat16 where the machine is fast at it"
    )
    sync_batchnorm: bool = setting(
        True, doc="batch statistics over all workers: the result does not depend on their number"
    )
    select_every: int = setting(
        1, ge=1, doc="evaluate the held-out identities every so many epochs", unit="epochs"
    )
    variants: tuple[Variant, ...] = ("insightface10", "boundaryface10")

    def counted(self) -> dict[str, Any]:
        """As when there was `flip` alone, where nothing but the flip is changed."""
        fields = super().counted()
        augment = fields.pop("augment")
        fields["flip"] = augment.flip
        if augment != Augment(flip=augment.flip):
            fields["augment"] = augment
        for name in ("sampling", "last_batch"):
            if fields[name] == type(self).model_fields[name].default:
                del fields[name]
        return fields
