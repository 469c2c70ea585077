"""Pickles that would leave a trace if anything of them ran, and such that would eat memory."""

import builtins
import codecs
import contextlib
import copyreg
import functools
import operator
import os
import pickle
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.pairsets import bin as bin_file
from tests.unit.data.pairsets import made

PROTOCOLS = range(6)


class Calls:
    """Pickles to a call of `function`, perhaps with a state."""

    def __init__(self, function, *args, state=None) -> None:
        self.parts = (function, args) if state is None else (function, args, state)

    def __reduce__(self):
        return self.parts


class Leaves:
    """Leaves a trace when its state is set."""

    def __setstate__(self, state: str) -> None:
        Path(state).touch()

    def __getstate__(self) -> str:
        return self.path


def attacks(trace: Path) -> dict[str, tuple[object, str]]:
    """Objects that create `trace` when unpickled, and what the refusal has to name."""
    code = f"open({str(trace)!r}, 'w').close()"
    leaves = Leaves()
    leaves.path = str(trace)
    return {
        "os.system": (Calls(os.system, f"touch '{trace}'"), "system"),
        "eval": (Calls(eval, code), "eval"),
        "exec": (Calls(exec, code), "exec"),
        "map": (Calls(list, Calls(map, builtins.open, (str(trace),), ("w",))), ""),
        "partial": (Calls(functools.partial(open, str(trace), "w")), ""),
        "methodcaller": (Calls(operator.methodcaller("touch"), Path(trace)), ""),
        "setstate": (leaves, ""),
        "reconstructor": (
            Calls(copyreg._reconstructor, Leaves, object, None, state=str(trace)),
            "_reconstructor",
        ),
        "object array": (np.array([Calls(eval, code)], dtype=object), "O8"),
    }


NAMES = sorted(attacks(Path("x")))


def pickled(attack: object, place: str, protocol: int) -> bytes:
    """A pair set with the attack in this place."""
    images = made.images(2)
    reconstruct = np.zeros(0).__reduce__()[0]
    array = Calls(reconstruct, np.ndarray, (0,), b"b", state=attack)
    places = {
        "image": ([*images, attack], [True]),
        "flag": (images, [attack]),
        "array state": ([array], []),
        "top": attack,
    }
    return pickle.dumps(places[place], protocol)


def call_of_a_call(trace: Path) -> bytes:
    """`getattr(Path(trace), "touch")()`: the callable is the result of another call."""
    path = str(trace).encode()
    text = b"X" + struct.pack("<i", len(path)) + path
    return b"\x80\x02cbuiltins\ngetattr\ncpathlib\nPath\n" + text + b"\x85RX\x05\0\0\0touch\x86R)R."


def refuse(data: bytes, named: str) -> None:
    with pytest.raises(DataError, match=r"[A-Z_0-9]+ at byte [\d,]+: .*nothing was run") as caught:
        bin_file.parse(data, "lfw.bin")
    assert named in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("place", ["image", "flag", "top", "array state"])
def test_parse_when_hostile_then_refused_and_nothing_ran(tmp_path, name, protocol, place) -> None:
    trace = tmp_path / "trace"
    attack, named = attacks(trace)[name]
    refuse(pickled(attack, place, protocol), named)
    assert not trace.exists()


def test_parse_when_result_of_a_call_is_called_then_refused(tmp_path) -> None:
    trace = tmp_path / "trace"
    refuse(call_of_a_call(trace), "builtins.getattr")
    assert not trace.exists()
    pickle.loads(call_of_a_call(trace))
    assert trace.exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_attacks_when_unpickled_then_leave_a_trace(tmp_path, name) -> None:
    """The attacks are real: what the reader is tried with is not harmless."""
    trace = tmp_path / "trace"
    attack, _ = attacks(trace)[name]
    with contextlib.suppress(TypeError):  # some fail after they have left their trace
        pickle.loads(pickle.dumps(attack))
    assert trace.exists()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\x80\x02(ios\nsystem\n.", "INST at byte 3"),
        (b"\x80\x02(cos\nsystem\no.", "GLOBAL at byte 3: names 'os.system'"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "NEWOBJ at byte 18"),
        (b"\x80\x02cnumpy\nndarray\n)R.", "REDUCE at byte 18: calls numpy.ndarray"),
        (b"\x80\x04\x8c\x05numpy\x8c\x0bcore.memmap\x93.", "names 'numpy.core.memmap'"),
        (b"\x80\x04\x8c\x05numpy\x8c\x1acore.multiarray.scalar.abc\x93.", "STACK_GLOBAL"),
        (b"\x80\x04K\x01K\x02\x93.", "STACK_GLOBAL at byte 6"),
        (b"\x80\x02\x82\x01.", "EXT1 at byte 2"),
        (b"Pid\n.", "PERSID at byte 0"),
        (b"\x80\x02K\x01Q.", "BINPERSID"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
        (b"\x80\x02}.", "EMPTY_DICT"),
        (b"\x80\x02]K\x01b.", "BUILD at byte 5: sets the state of list"),
        (b"\x80\x02K\x01)R.", "REDUCE at byte 5: calls 1"),
        (b"c_codecs\nencode\n(Vabc\nVzip\ntR.", "calls _codecs.encode"),
        (b"c_codecs\nencode\n(Vabc\ntR.", "calls _codecs.encode"),
        (b"c_codecs\nencode\n(V\\u1234\nVlatin1\ntR.", "not latin1"),
        (b"c_codecs\nencode\nK\x01R.", "REDUCE"),
        (b"c_codecs\ndecode\n.", "names '_codecs.decode'"),
        (b"cnumpy\ndtype\n(VO8\nI00\nI01\ntR.", "found 'O8'"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(I0\ntVb\ntR.", "expected (numpy"),
        (b"cos\x00\nsystem\n.", "not in the list"),
        (b"c" + b"\xff" * 500 + b"\nsystem\n.", "not in the list"),
        (b"S'\\q'\n.", "unknown escape"),
        (b"Sabc\n.", "without quotes"),
        (b"e.", "APPENDS at byte 0: no mark"),
        (b"0.", "POP at byte 0"),
        (b"h\x05.", "no memo entry 5"),
        (b"q\x05.", "the stack is empty"),
        (b"(" * 50 + b".", "nested more than"),
    ],
)
def test_parse_when_hand_made_opcodes_then_refusal_names_them(data, named) -> None:
    with pytest.raises(DataError) as caught:
        bin_file.parse(data, "lfw.bin")
    assert named in str(caught.value)
    assert len(str(caught.value)) < 500


def test_parse_when_codecs_register_a_hostile_codec_then_never_asked(tmp_path) -> None:
    asked: list[str] = []
    codecs.register(search := lambda name: asked.append(name))
    try:
        with pytest.raises(DataError):
            bin_file.parse(b"c_codecs\nencode\n(Vabc\nVtrace_codec\ntR.", "lfw.bin")
    finally:
        codecs.unregister(search)
    assert "trace_codec" not in asked


def bombs() -> dict[str, bytes]:
    text = b"X" + struct.pack("<i", 100_000) + b"a" * 100_000
    encode = b"c_codecs\nencode\nq\x01" + text + b"q\x02X\x06\0\0\0latin1q\x03"
    nothing = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tVb\ntR"
    return {
        "encode again and again": b"\x80\x02](" + encode + b"h\x01h\x02h\x03\x86R" * 20_000 + b"e.",
        "length of 2**62": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
        "length of 2 GiB": b"\x80\x04B" + struct.pack("<I", (1 << 31) - 1) + b"x.",
        "negative length": b"\x80\x02T" + struct.pack("<i", -1) + b".",
        "deep tuples": b"\x80\x02)" + b"\x85" * 1_000_000 + b".",
        "deep lists": b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".",
        "doubling tuples": b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 100 + b".",
        "doubling list": b"\x80\x02]q\x00" + b"h\x00a" * 100 + b".",
        "long number": b"I" + b"9" * 1_000_000 + b"\n.",
        "long memo index": b"]p" + b"9" * 100_000 + b"\n.",
        "long integer": b"\x8b" + struct.pack("<i", 1 << 30) + b"x.",
        "shape beyond the data": b"\x80\x02"
        + nothing
        + b"(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\n(Vu1\nK\x00K\x01tR\x89U\x01xtb.",
    }


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", sorted(bombs()))
def test_parse_when_a_bomb_then_refused_in_little_memory(name) -> None:
    data = bombs()[name]
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            bin_file.parse(data, "lfw.bin")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000 + 20 * len(data)
