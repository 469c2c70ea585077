"""Search distributions as plain values; `frlib.rayrun` translates them for Optuna."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from frlib.core.config import Config

Scalar = float | int | str | bool


def is_number(value: Scalar) -> bool:
    """A real or whole number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Uniform(Config):
    """A real number between `low` and `high`, on a log scale if `log`."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "Uniform":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"low={self.low}, high={self.high}: need low < high (and low > 0 on a log scale)"
            )
        return self

    def contains(self, value: Scalar) -> bool:
        """Whether `value` can be drawn."""
        return is_number(value) and self.low <= float(value) <= self.high

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return (self.low, self.high)


class IntUniform(Config):
    """A whole number between `low` and `high`, both included."""

    kind: Literal["int"] = "int"
    low: int
    high: int
    log: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> "IntUniform":
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"low={self.low}, high={self.high}: need low < high (and low > 0 on a log scale)"
            )
        return self

    def contains(self, value: Scalar) -> bool:
        """Whether `value` can be drawn."""
        return is_number(value) and self.low <= float(value) <= self.high

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return (self.low, self.high)


class OneOf(Config):
    """One of a few scalars."""

    kind: Literal["one_of"] = "one_of"
    values: tuple[Scalar, ...] = Field(min_length=1)

    def contains(self, value: Scalar) -> bool:
        """Whether `value` can be drawn."""
        return value in self.values

    def edges(self) -> tuple[Scalar, ...]:
        """Values that stand for all: if a field takes these, it takes every draw."""
        return self.values


Distribution = Annotated[Uniform | IntUniform | OneOf, Field(discriminator="kind")]
