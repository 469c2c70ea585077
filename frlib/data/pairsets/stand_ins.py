"""What a pickled pair set may name, rebuilt by hand as plain data; numpy itself is never called.

numpy stores an array as `_reconstruct(ndarray, (0,), b"b")` followed by the state
`(1, shape, dtype, fortran, bytes)`, or in protocol 5 as `_frombuffer(bytes, dtype, shape, order)`;
a scalar as `scalar(dtype, bytes)`; a dtype as `dtype("u1", 0, 1)` followed by the state
`(3, "|", None, None, None, -1, -1, 0)`. Its module is `numpy.core` up to numpy 1 and `numpy._core`
since. Python 3 writes bytes in protocols 0 to 2 as `_codecs.encode(text, "latin1")`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DTYPES = ("u1", "b1")


class Refused(Exception):  # noqa: N818
    """The value is nothing that a pair set holds; the message says what it is."""


@dataclass(frozen=True)
class Global:
    """A name in the allow-list; `make` builds its stand-in from arguments (None: not callable)."""

    name: str
    make: Callable[[tuple[object, ...]], object] | None = None


@dataclass(frozen=True)
class Dtype:
    """An element type of one byte: `u1` or `b1`."""

    code: str

    def build(self, state: object) -> None:
        """Accept the state of a plain dtype; refuse fields, subarrays and metadata."""
        parts = state if isinstance(state, tuple) else ()
        nested = any(isinstance(part, tuple | list | Dtype) for part in parts)
        if len(parts) < 2 or text(parts[1]) != "|" or nested:
            raise Refused(f"a state that is not of a plain dtype: {shown(state)}")


@dataclass
class Array:
    """An array of one-byte elements: its bytes once `build` has been called."""

    dtype: Dtype | None = None
    data: bytes | None = None

    def build(self, state: object) -> None:
        """Take `(version, shape, dtype, fortran, bytes)`, once."""
        if self.data is not None:
            raise Refused("the state of an array that already has one")
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused(f"expected an array state of 5 parts, found {shown(state)}")
        _, shape, dtype, _, data = state
        self._fill(shape, dtype, data)

    def _fill(self, shape: object, dtype: object, data: object) -> None:
        if not isinstance(dtype, Dtype) or not isinstance(data, bytes):
            raise Refused(f"expected an array of bytes, found {shown(dtype)} and {shown(data)}")
        sides = shape if isinstance(shape, tuple) else ()
        line = len(sides) == 1 or (len(sides) == 2 and 1 in sides)
        if not line or not all(type(side) is int and side >= 0 for side in sides):
            raise Refused(f"an array whose shape is {shown(shape)}; expected (n,) or (n, 1)")
        if math.prod(sides) != len(data):
            raise Refused(f"an array of {shown(math.prod(sides))} items with {len(data):,} bytes")
        self.dtype, self.data = dtype, data

    def flags(self) -> NDArray[np.bool_]:
        """`[n]` bool of an array of 0 and 1."""
        if self.data is None or self.data.strip(b"\0\1"):
            raise Refused("an array of flags with values other than 0 and 1")
        return np.frombuffer(self.data, dtype=np.uint8).astype(np.bool_)


def text(value: object) -> str:
    """Text that Python 2 wrote as bytes or Python 3 as text; empty for anything else."""
    if isinstance(value, bytes):
        return value[:64].decode("latin-1")
    return value if isinstance(value, str) else ""


def shown(value: object) -> str:
    """A value for a message, never long."""
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, str | bytes):
        return f"{value[:40]!r}"
    if isinstance(value, Global):
        return value.name
    if value is None or (isinstance(value, int) and value.bit_length() <= 64):
        return str(value)
    return f"of type {type(value).__name__.lower()}"


def _encode(args: tuple[object, ...]) -> bytes:
    if len(args) != 2 or not isinstance(args[0], str) or text(args[1]) not in ("latin1", "latin-1"):
        raise Refused("expected (text, 'latin1')")
    try:
        return args[0].encode("latin-1")
    except UnicodeEncodeError as error:
        raise Refused("text that is not latin1") from error


def _reconstruct(args: tuple[object, ...]) -> Array:
    if len(args) != 3 or args[0] is not NDARRAY or args[1] != (0,) or text(args[2]) != "b":
        raise Refused("expected (numpy.ndarray, (0,), 'b')")
    return Array()


def _frombuffer(args: tuple[object, ...]) -> Array:
    if len(args) != 4 or text(args[3]) not in ("C", "F"):
        raise Refused("expected (bytes, dtype, shape, order)")
    array = Array()
    array.build((1, args[2], args[1], False, args[0]))
    return array


def _dtype(args: tuple[object, ...]) -> Dtype:
    code = text(args[0]) if args else ""
    if len(args) != 3 or code not in _DTYPES or any(type(a) not in (int, bool) for a in args[1:]):
        raise Refused(
            f"expected a dtype of {' or '.join(_DTYPES)}, found {shown(args[0] if args else None)}"
        )
    return Dtype(code)


def _scalar(args: tuple[object, ...]) -> bool:
    if len(args) != 2 or not isinstance(args[0], Dtype) or args[1] not in (b"\0", b"\1"):
        raise Refused("expected (dtype, one byte of 0 or 1)")
    return args[1] == b"\1"


NDARRAY = Global("numpy.ndarray")
_ENCODE = Global("_codecs.encode", _encode)
ALLOWED = {
    ("_codecs", "encode"): _ENCODE,
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): Global("numpy.dtype", _dtype),
} | {
    (f"numpy.{core}.{module}", name): Global(f"numpy.{core}.{module}.{name}", make)
    for core in ("core", "_core")
    for module, name, make in (
        ("multiarray", "_reconstruct", _reconstruct),
        ("multiarray", "scalar", _scalar),
        ("numeric", "_frombuffer", _frombuffer),
    )
}
