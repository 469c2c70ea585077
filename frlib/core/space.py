"""Search distributions as plain values; `frlib.rayrun` translates them for Optuna."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from frlib.core.config import Config

Scalar = float | int | str | bool


class Uniform(Config):
    """A real number between `low` and `high`, on a log scale if `log`."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"low={self.low}, high={self.high}: need low < high (and low > 0 on a log scale)")
        return self


class IntUniform(Config):
    """A whole number between `low` and `high`, both included."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "IntUniform":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(f"low={self.low}, high={self.high}: need low < high (and low > 0 on a log scale)")
        return self


class OneOf(Config):
    """One of a few scalars."""

    kind: Literal["one_of"] = "one_of"
    values: tuple[Scalar, ...] = Field(min_length=1)


Distribution = Annotated[Uniform | IntUniform | OneOf, Field(discriminator="kind")]
