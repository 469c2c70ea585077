"""The tables of an attempt: column types, units, and the version of all of them.

metrics      a number of a run; `time` in seconds since 1970; a name's last value is its final one
pair_scores  a test pair under a protocol variant; score and threshold in the variant's own unit;
             its people as numbers in the benchmark, null where unknown
decisions    a verdict on a training sample, in class numbers; `true` is -1 for somebody of no
             class and null where unknown
events       something worth reading; `level` as in `logging`
"""

from typing import Literal

import pyarrow as pa

VERSION = 2
SINCE = {"left_person": 2, "right_person": 2}
"""Columns that files of an earlier version lack; they are null there."""
VERSION_KEY = b"frlib.schema"

RunStatus = Literal["running", "complete", "failed", "stopped"]
ENDED: tuple[RunStatus, ...] = ("complete", "failed", "stopped")

METRICS = pa.schema(
    [
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("step", pa.int64(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("time", pa.float64(), nullable=False),
    ]
)

PAIR_SCORES = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("variant", pa.string(), nullable=False),
        pa.field("pair", pa.int32(), nullable=False),
        pa.field("fold", pa.int16(), nullable=False),
        pa.field("same", pa.bool_(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("correct", pa.bool_(), nullable=False),
        pa.field("left_person", pa.int32(), nullable=True),
        pa.field("right_person", pa.int32(), nullable=True),
    ]
)

DECISIONS = pa.schema(
    [
        pa.field("sample", pa.string(), nullable=False),
        pa.field("epoch", pa.int32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("given", pa.int64(), nullable=False),
        pa.field("proposed", pa.int64(), nullable=False),
        pa.field("true", pa.int64(), nullable=True),
        pa.field("score", pa.float32(), nullable=False),
    ]
)

EVENTS = pa.schema(
    [
        pa.field("time", pa.float64(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
    ]
)

TABLES = {
    "metrics": METRICS,
    "pair_scores": PAIR_SCORES,
    "decisions": DECISIONS,
    "events": EVENTS,
}
