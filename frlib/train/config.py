"""A complete training run as a value: the composition of the parts. No torch here."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from frlib.core.config import Choice, Config, place, setting
from frlib.core.errors import ConfigError
from frlib.data.augment import Augment
from frlib.data.config import CROSSED, DataConfig, NoiseConfig, Variant
from frlib.data.loading.order import Sampling
from frlib.data.loading.plan import LastBatch
from frlib.train import staged
from frlib.train.clean import Clean
from frlib.train.compatible import Compat
from frlib.train.course import Change, require_fit
from frlib.train.start import Start
from frlib.train.stopping import Stopping
from frlib.train.tail import Tail

if TYPE_CHECKING:
    from frlib.heads.config import HeadConfig
    from frlib.optimisers import Settings

    Head = HeadConfig
    Optimiser = Settings
    Stage = staged.Stage

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
    Optimiser = Choice["frlib.optimisers"]
    Schedule = Choice["frlib.schedules"]
    Stage = Choice["frlib.stages"]

_LATER = (
    "sampling",
    "last_batch",
    "accumulate",
    "ema",
    "on_nonfinite",
    "start",
    "freeze",
    "course",
    "stages",
    "clean",
    "compat",
    "tail",
)

StageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class TrainConfig(Config):
    """Everything that decides a run, except its replicate seed."""

    data: DataConfig
    noise: NoiseConfig = NoiseConfig()
    backbone: Backbone = Field("tiny", validate_default=True)
    head: Head = Field("arcface", validate_default=True)
    schedule: Schedule = Field("poly", validate_default=True)
    optimiser: Optimiser = Field("sgd", validate_default=True)
    epochs: int = setting(20, ge=1, doc="passes over the training images", unit="epochs")
    batch_size: int = setting(128, ge=2, doc="images in a step, over all workers")
    accumulate: int = setting(
        1, ge=1, doc="pieces a worker's share of a batch is cut into; their gradients add up"
    )
    augment: Augment = Augment()
    sampling: Sampling = setting(
        "instance", doc="an epoch: every image once, or as many draws, every class equally often"
    )
    last_batch: LastBatch = setting(
        "drop", doc="images that make no whole batch: left out, or completed from the first ones"
    )
    precision: Literal["float32", "bfloat16", "float16", "auto"] = setting(
        "float32", doc="autocast of the backbone; auto: what this machine trains it faster in"
    )
    sync_batchnorm: bool = setting(
        True, doc="batch statistics over all workers: the result does not depend on their number"
    )
    ema: float = setting(
        0.0, ge=0, lt=1, doc="rate that an average of the weights keeps a step; 0: no average"
    )
    start: Start | None = Field(None, description="weights to start from; none: random ones")
    stages: dict[StageName, Stage] = Field(
        {}, description="name -> what has to be done before, once for all runs that share it"
    )
    clean: Clean = Clean()
    compat: Compat | None = Field(
        None, description="an old model whose gallery this one is to search; none: there is none"
    )
    freeze: tuple[str, ...] = setting(
        (), doc="parts that are not trained, e.g. backbone.layer1.* or head; * is any text"
    )
    on_nonfinite: Literal["stop", "skip", "roll_back"] = setting(
        "stop",
        doc="a loss or gradient that is not finite: end the run, leave the step out, or go back "
        "to the last checkpoint with half the rate",
    )
    course: tuple[Change, ...] = setting(
        (), doc="settings of head and optimiser that change on the way: from which epoch, to what"
    )
    tail: Tail | None = Field(
        None, description="identities with few images, dispersed beside the head's; none: no tail"
    )
    stopping: Stopping = Stopping()
    select_every: int = setting(
        1, ge=1, doc="evaluate the held-out identities every so many epochs", unit="epochs"
    )
    variants: tuple[Variant, ...] = ("insightface10", "boundaryface10")
    class_rows: Literal["auto", "replicated", "sharded", "offloaded"] = place(
        "auto",
        doc="class centres: on every worker, shared out over them, or in host memory; auto: "
        "shared out from 20,000 classes on where there are several workers",
    )
    compile: bool = place(False, doc="compile the backbone: pays in runs of hours")
    checkpoint_every: int = place(
        0, ge=0, doc="steps between checkpoints inside an epoch; 0: at its end alone"
    )
    keep_checkpoints: int = place(2, ge=1, doc="newest checkpoints kept, beside the best one")
    log_every: int = place(50, ge=1, doc="steps between two points of the curves of a run")
    profile: int = place(0, ge=0, doc="steps of the first epoch to write a trace of; 0: none")

    @model_validator(mode="after")
    def _course_fits(self) -> "TrainConfig":
        require_fit(self)
        return self

    @model_validator(mode="after")
    def _watched_is_measured(self) -> "TrainConfig":
        lacking = self.lacks(self.stopping.metric)
        if lacking:
            raise ValueError(f"stopping.metric={self.stopping.metric} is {lacking}")
        return self

    @model_validator(mode="after")
    def _stages_fit(self) -> "TrainConfig":
        staged.check(self)
        return self

    @model_validator(mode="after")
    def _pieces_fit(self) -> "TrainConfig":
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"batch_size={self.batch_size} does not divide into accumulate={self.accumulate} "
                "pieces"
            )
        if self.tail is not None:
            try:
                self.tail.require_fit(1, self.accumulate)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return self

    def lacks(self, metric: str) -> str:
        """Why a run does not measure something on held-out identities; empty where it does."""
        if metric in CROSSED and self.compat is None:
            return "between two models, but there is no old one; set compat"
        if metric.startswith("worst_") and not self.data.holdout.groups:
            return "of the worst group, but there are no groups; set data.holdout.groups"
        return ""

    def stage_runs(self) -> dict[str, "TrainConfig"]:
        """Name of every stage -> the run as it sees it."""
        return staged.runs(self)

    def stage_views(self) -> dict[str, "TrainConfig"]:
        """Stages that read other data than the run: prefix of their names -> the run they see."""
        return staged.views(self)

    def counted(self) -> dict[str, Any]:
        """As before later fields came in, where they change nothing."""
        fields = super().counted()
        augment = fields.pop("augment")
        fields["flip"] = augment.flip
        if augment != Augment(flip=augment.flip):
            fields["augment"] = augment
        if fields["stopping"] == Stopping():
            del fields["stopping"]
        fields["stages"] = staged.counted(self)
        fields["clean"] = self.clean if self.clean.is_on else Clean()
        for name in _LATER:
            if fields[name] == type(self).model_fields[name].default:
                del fields[name]
        return fields
