"""A check is a name and something to call. What all choices have: a config, and no torch in it.

pytest is imported by `parametrized` alone; without it, call the checks.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic.fields import FieldInfo

from frlib.core import discover
from frlib.core.config import Config, canonical, digest, to_dict
from frlib.core.errors import ConfigError

Fields = Mapping[str, Any]
C = TypeVar("C", bound=Config)
_MISSPELT = "no_such_field_"


@dataclass(frozen=True)
class Check:
    """What is checked (`name`) of which choice (`of`). Called, it fails with an AssertionError."""

    of: str
    name: str
    run: Callable[[], None]

    def __call__(self) -> None:
        """Check."""
        self.run()

    def __str__(self) -> str:
        return f"{self.of}-{self.name}"


def parametrized(checks: Iterable[Check]) -> Any:
    """Decorates a test that has an argument `check`: it runs once for each, under its name."""
    import pytest

    return pytest.mark.parametrize("check", list(checks), ids=str)


def found(package: str, choice: str | ModuleType) -> ModuleType:
    """The module of a choice, which may be given by name or be it."""
    return choice if isinstance(choice, ModuleType) else discover.load(package, choice)


def described(config: Config) -> str:
    """Name and the fields that are not at their defaults, for test ids."""
    usual = {name: field.default for name, field in type(config).model_fields.items()}
    changed = [
        f"{name}={_short(value)}"
        for name in usual
        if name != "name" and _short(value := getattr(config, name)) != _short(usual[name])
    ]
    name = getattr(config, "name", type(config).__module__)
    return f"{name}[{','.join(changed)}]" if changed else str(name)


def alternatives(owner: type[C], shared: type[Config] = Config) -> list[C]:
    """The defaults, and every other value of every field with a few named ones, one at a time.

    Fields of `shared` stay as they are, and so do those that need another field to change too.
    """
    return _valid(owner, [{}, *_changes(owner, shared, _named_values)])


def ends(owner: type[C]) -> list[C]:
    """Every number of the config at either end of what it may be, one at a time."""
    return _valid(owner, _changes(owner, Config, _ends))


def distinct(configs: Iterable[C]) -> list[C]:
    """Without those that came before."""
    return list({canonical(config): config for config in configs}.values())


def config_checks(config: Config) -> list[Check]:
    """It round-trips, has a digest, refuses what it does not know, and describes its fields."""
    owner = type(config)

    def round_trip() -> None:
        again = owner.parse(to_dict(config))
        assert again == config, f"{again!r} came back from the JSON of {config!r}"
        assert digest(again) == digest(config), "equal configs have different digests"
        assert canonical(again) == canonical(config), "equal configs have different JSON"
        try:
            owner.parse({**to_dict(config), _MISSPELT: 1})
        except ConfigError as error:
            assert _MISSPELT in str(error), f"the message does not name the field: {error}"
        else:
            raise AssertionError("a field that does not exist was accepted")

    def fields() -> None:
        named = owner.model_fields.get("name")
        assert named is not None, "a choice has a field `name`"
        assert get_args(named.annotation) == (named.default,), "`name` is a Literal of its default"
        silent = [n for n, f in owner.model_fields.items() if n != "name" and not f.description]
        assert not silent, f"fields without a description: {', '.join(silent)}"

    of = described(config)
    return [Check(of, "config", round_trip), Check(of, "fields", fields)]


def import_check(module: ModuleType) -> Check:
    """A study over a choice is planned without torch: importing it must not bring it in."""

    def run() -> None:
        code = (
            f"import sys, {module.__name__} as choice; choice.Config.model_fields; "
            "sys.exit('torch was imported' if 'torch' in sys.modules else 0)"
        )
        path = os.pathsep.join(p for p in sys.path if p)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"import {module.__name__}: {done.stderr.strip()}. Import torch inside functions, and "
            "under `if TYPE_CHECKING` for annotations"
        )

    return Check(module.__name__.rpartition(".")[2], "imports", run)


def name_check(module: ModuleType, name: str) -> Check:
    """The choice is found by the name its config has."""

    def run() -> None:
        own = module.Config.model_fields["name"].default
        assert own == name, f"found as {name!r}, but its config is named {own!r}"

    return Check(name, "name", run)


def _short(value: Any) -> str:
    return str(getattr(value, "name", value))


def _changes(
    owner: type[Config], shared: type[Config], values: Callable[[FieldInfo], list[Any]]
) -> Iterator[Fields]:
    for name, field in owner.model_fields.items():
        if name != "name" and name not in shared.model_fields:
            yield from ({name: value} for value in values(field))


def _valid(owner: type[C], wanted: Iterable[Fields]) -> list[C]:
    made = []
    for fields in wanted:
        try:
            made.append(owner.parse(fields))
        except ConfigError:
            continue
    return made


def _named_values(field: FieldInfo) -> list[Any]:
    if field.annotation is bool:
        return [False, True]
    return list(get_args(field.annotation)) if get_origin(field.annotation) is Literal else []


def _ends(field: FieldInfo) -> list[Any]:
    limits = [getattr(m, end, None) for m in field.metadata for end in ("ge", "le")]
    return [limit for limit in limits if limit is not None]
