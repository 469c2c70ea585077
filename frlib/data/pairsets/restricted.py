"""A pickle interpreter that builds data and nothing else: no import, no call, no attribute.

It knows the opcodes that lists of bytes, flags and one-byte numpy arrays are written with, in
protocols 0 to 5 of Python 2 and 3. Names are looked up in `stand_ins.ALLOWED`, never imported, and
every other opcode or name is refused with its position. Opcodes and their arguments are taken from
the tables of `pickletools`, one at a time; the arguments of STRING and GLOBAL are read here, since
`pickletools` holds text to be ASCII and Python 2 stored JPEG bytes as text.

Limits: a tuple has at most 16 items and at most one more level of tuples in it; a list holds no
list and no tuple; bytes made by `_codecs.encode` add up to no more than the file. So the result is
never larger than a small multiple of the file, however often the memo is referred to.
"""

import io
import pickletools
import re
from collections.abc import Callable
from typing import Any

from frlib.core.errors import DataError
from frlib.data.pairsets.stand_ins import ALLOWED, Array, Dtype, Global, Refused, shown

MAX_PROTOCOL = 5
MAX_MEMO = 1 << 20
MAX_STACK = 1 << 20
MAX_LIST = 1 << 20
MAX_TUPLE = 16
MAX_MARKS = 8
_ESCAPES = {b"\\": b"\\", b"'": b"'", b'"': b'"', b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_CODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}


def load(data: bytes, where: str) -> object:
    """The one value that `data` stores; `where` starts every `DataError`."""
    machine = _Machine(len(data))
    stream = io.BytesIO(data)
    while not machine.done:
        at = stream.tell()
        code = stream.read(1)
        if not code:
            raise DataError(f"{where}: ends at byte {at:,} in the middle; get the file again.")
        opcode = _CODES.get(code)
        if opcode is None:
            raise DataError(
                f"{where}: byte {at:,} is {code.hex()}, no pickle opcode; get the file again."
            )
        try:
            _step(machine, opcode, stream)
        except Refused as error:
            raise DataError(
                f"{where}: {opcode.name} at byte {at:,}: {error}. A pair set needs none of this; "
                "nothing was run. Do not unpickle the file by other means; get it again from its "
                "publisher."
            ) from error
        except ValueError as error:
            raise DataError(
                f"{where}: {opcode.name} at byte {at:,} is damaged or cut short ({error}); get the "
                "file again."
            ) from error
    if stream.tell() != len(data):
        raise DataError(
            f"{where}: {len(data) - stream.tell():,} bytes follow the end of the pickle at byte "
            f"{stream.tell():,}; expected none. Get the file again."
        )
    return machine.result


def _step(machine: "_Machine", opcode: pickletools.OpcodeInfo, stream: io.BytesIO) -> None:
    handler = _HANDLERS.get(opcode.name)
    if handler is None:
        raise Refused("an opcode that is not allowed here")
    if opcode.name == "STRING":
        argument: Any = _quoted(_line(stream))
    elif opcode.name == "GLOBAL":
        argument = (_ascii(_line(stream)), _ascii(_line(stream)))
    else:
        argument = opcode.arg.reader(stream) if opcode.arg is not None else None
    handler(machine, argument)


class _Machine:
    """The stack, its marks and the memo. `spare`: bytes that `_codecs.encode` may still make."""

    def __init__(self, size: int) -> None:
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.spare = size
        self.done = False
        self.result: object = None

    def push(self, value: object) -> None:
        if len(self.stack) >= MAX_STACK:
            raise Refused(f"more than {MAX_STACK:,} values on the stack")
        self.stack.append(value)

    def pop(self) -> object:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refused("the stack is empty")
        return self.stack.pop()

    def top(self) -> object:
        value = self.pop()
        self.stack.append(value)
        return value

    def mark(self, _: object) -> None:
        if len(self.marks) >= MAX_MARKS:
            raise Refused(f"nested more than {MAX_MARKS} deep")
        self.marks.append(len(self.stack))

    def pop_mark(self) -> list[object]:
        if not self.marks:
            raise Refused("no mark on the stack")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def protocol(self, number: int) -> None:
        if number > MAX_PROTOCOL:
            raise Refused(f"protocol {number}; expected 0 to {MAX_PROTOCOL}")

    def stop(self, _: object) -> None:
        self.result = self.pop()
        if self.stack or self.marks:
            raise Refused(f"{len(self.stack)} values left over at the end")
        self.done = True

    def put(self, index: int) -> None:
        if len(self.memo) >= MAX_MEMO and index not in self.memo:
            raise Refused(f"more than {MAX_MEMO:,} memo entries")
        self.memo[index] = self.top()

    def memoize(self, _: object) -> None:
        self.put(len(self.memo))

    def get(self, index: int) -> None:
        if index not in self.memo:
            raise Refused(f"no memo entry {shown(index)}")
        self.push(self.memo[index])

    def new_list(self, _: object) -> None:
        self.push([])

    def list_of_marked(self, _: object) -> None:
        self.push(_extended([], self.pop_mark()))

    def append(self, _: object) -> None:
        item = self.pop()
        _extended(self.top(), [item])

    def appends(self, _: object) -> None:
        items = self.pop_mark()
        _extended(self.top(), items)

    def tuple_of_marked(self, _: object) -> None:
        self.push(_tuple(self.pop_mark()))

    def tuple_of(self, count: int) -> None:
        self.push(_tuple([self.pop() for _ in range(count)][::-1]))

    def find(self, name: tuple[str, str]) -> None:
        if name not in ALLOWED:
            raise Refused(
                f"names {'.'.join(name)[:80]!r}, which is not in the list of allowed names"
            )
        self.push(ALLOWED[name])

    def stack_find(self, _: object) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise Refused(f"names {shown(module)} and {shown(name)}; expected two texts")
        self.find((module, name))

    def reduce(self, _: object) -> None:
        args, function = self.pop(), self.pop()
        if not isinstance(function, Global) or function.make is None or not isinstance(args, tuple):
            raise Refused(f"calls {shown(function)}, which is not in the list of allowed calls")
        try:
            value = function.make(args)
        except Refused as error:
            raise Refused(f"calls {function.name}: {error}") from error
        if isinstance(value, bytes):
            self.spare -= len(value)
            if self.spare < 0:
                raise Refused(f"calls {function.name} for more bytes than the file has")
        self.push(value)

    def build(self, _: object) -> None:
        state, target = self.pop(), self.top()
        if not isinstance(target, Array | Dtype):
            raise Refused(f"sets the state of {shown(target)}; expected an array or a dtype")
        target.build(state)


def _extended(target: object, items: list[object]) -> list[object]:
    if not isinstance(target, list):
        raise Refused(f"appends to {shown(target)}; expected a list")
    for item in items:
        if not isinstance(item, bytes | int | Array):
            raise Refused(f"a list item {shown(item)}; expected bytes, an array or a flag")
    if len(target) + len(items) > MAX_LIST:
        raise Refused(f"a list of more than {MAX_LIST:,} items")
    target.extend(items)
    return target


def _tuple(items: list[object]) -> tuple[object, ...]:
    if len(items) > MAX_TUPLE:
        raise Refused(f"a tuple of {len(items):,} items; expected at most {MAX_TUPLE}")
    for item in items:
        if isinstance(item, tuple) and any(isinstance(part, tuple | list) for part in item):
            raise Refused("tuples nested more than two deep")
    return tuple(items)


def _line(stream: io.BytesIO) -> bytes:
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise ValueError("the file ends inside a line")
    return line[:-1]


def _ascii(line: bytes) -> str:
    return line.decode("ascii", errors="backslashreplace")


def _quoted(line: bytes) -> bytes:
    """The bytes of a string as Python 2 printed it, in quotes and with escapes."""
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
        raise Refused("a string without quotes around it")
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.|\Z)", _unescaped, line[1:-1], flags=re.DOTALL)


def _unescaped(match: re.Match[bytes]) -> bytes:
    what = match[1]
    if len(what) == 3:
        return bytes([int(what[1:], 16)])
    if what not in _ESCAPES:
        raise Refused(f"an unknown escape {match[0]!r} in a string")
    return _ESCAPES[what]


def _push_latin(machine: _Machine, value: str) -> None:
    machine.push(value.encode("latin-1"))


def _constant(value: object) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.tuple_of(count)


_HANDLERS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.protocol,
    "FRAME": lambda machine, _: None,
    "STOP": _Machine.stop,
    "MARK": _Machine.mark,
    "EMPTY_LIST": _Machine.new_list,
    "LIST": _Machine.list_of_marked,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "TUPLE": _Machine.tuple_of_marked,
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "BINSTRING": _push_latin,
    "SHORT_BINSTRING": _push_latin,
    "BYTEARRAY8": lambda machine, value: machine.push(bytes(value)),
    "MEMOIZE": _Machine.memoize,
    "GLOBAL": _Machine.find,
    "STACK_GLOBAL": _Machine.stack_find,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    **{
        name: _tuple_of(count)
        for count, name in enumerate(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"))
    },
    **dict.fromkeys(
        (
            *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "STRING"),
            *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
            *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
        ),
        _Machine.push,
    ),
}
