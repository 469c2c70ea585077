"""Configuration: frozen, strict pydantic models with a canonical form, a digest and overrides.

* An unknown key is an error that names the nearest field.
* `setting()` carries unit and source beside the default, so reference pages never drift.
* `place()` marks where a run happens (paths, devices, worker counts). Places are part of a config
  and of its JSON, but not of its digest: the same experiment elsewhere is the same experiment.
* `Config.counted` decides what else the digest leaves out: a field that at its value means "as
  before there was this field" need not change what was run before there was this field.
* `RECIPE`, a number in the module of a config, is raised when the code there gives other results at
  equal settings. From 2 on it is in the digest, so that records of the old recipe do not count.
* `Choice[...]` is a field whose value is one of the modules of a package (see `discover`).
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean

_PLACE, _RECIPE = "place", "recipe"
C = TypeVar("C", bound="Config")


class Config(BaseModel):
    """Base of every configuration value: frozen, keyword-only, no unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    @classmethod
    def parse(cls, value: Any, where: str = "") -> Self:
        """Validate `value`; a `ConfigError` names the path, what was found and what to do."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise _explain(cls, error, where) from None

    def counted(self) -> dict[str, Any]:
        """Field -> value of all that the digest covers: every field that is no place.

        A config may leave out fields whose value changes nothing, or give another value that says
        the same of equal experiments; two configs that differ in their result must differ here.
        """
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if not is_place(field)
        }


def setting(
    default: Any = ..., *, doc: str, unit: str = "1", source: str = "", **limits: Any
) -> Any:
    """A field that changes the result. `limits` are pydantic's (`ge`, `gt`, `le`, `lt`, ...)."""
    return Field(
        default, description=doc, json_schema_extra={"unit": unit, "source": source}, **limits
    )


def place(default: Any = ..., *, doc: str, **limits: Any) -> Any:
    """A field that says where or how fast, and never changes the result."""
    return Field(default, description=doc, json_schema_extra={_PLACE: True}, **limits)


def is_place(field: FieldInfo) -> bool:
    """Whether a field is left out of the digest."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(_PLACE))


def unit_and_source(field: FieldInfo) -> tuple[str, str]:
    """What `setting` keeps beside the default; both empty for other fields."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return str(extra.get("unit", "")), str(extra.get("source", ""))


class _ChoiceOf:
    def __init__(self, package: str) -> None:
        self.package = package

    def parse(self, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if not isinstance(value, Mapping):
            return value
        if "name" not in value:
            raise ConfigError(
                f"{self.package}: {dict(value)!r} has no 'name' saying which choice it is"
            )
        module = discover.load(self.package, str(value["name"]))
        return module.Config.parse(dict(value), where=f"{self.package}.{value['name']}.Config")


class Choice:
    """`Choice["frlib.backbones"]`: a config of one of its modules, as config, name or dict."""

    def __class_getitem__(cls, package: str) -> Any:
        one = _ChoiceOf(package)
        return Annotated[SerializeAsAny[Config], BeforeValidator(one.parse), one]


def to_dict(config: Config, *, places: bool = True) -> dict[str, Any]:
    """Plain JSON types; if `places` is false, only what counts for the digest (`counted`)."""
    fields = (
        {name: getattr(config, name) for name in type(config).model_fields}
        if places
        else config.counted()
    )
    found = {name: _plain(value, places) for name, value in fields.items()}
    recipe = recipe_of(config)
    return found if places or recipe == 1 else found | {_RECIPE: recipe}


def recipe_of(config: Config) -> int:
    """The recipe of the module that a config belongs to."""
    return int(getattr(sys.modules[type(config).__module__], "RECIPE", 1))


def recipes(config: Config) -> dict[str, int]:
    """Module -> recipe, of all parts of a config whose results have changed since they began."""
    found = {type(config).__module__: recipe_of(config)}
    for name in type(config).model_fields:
        value = getattr(config, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Config):
                found |= recipes(part)
    return {module: recipe for module, recipe in sorted(found.items()) if recipe != 1}


def _plain(value: Any, places: bool) -> Any:
    if isinstance(value, Config):
        return to_dict(value, places=places)
    if isinstance(value, Mapping):
        return {str(k): _plain(v, places) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, places) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def canonical(value: Any, *, places: bool = True) -> str:
    """Canonical JSON of a config (or of plain JSON types): sorted keys, no blanks, exact floats."""
    plain = to_dict(value, places=places) if isinstance(value, Config) else _plain(value, places)
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def digest(value: Any) -> str:
    """16 hex digits over everything that changes the result; equal on every machine."""
    return hashlib.sha256(canonical(value, places=False).encode()).hexdigest()[:16]


def flatten(config: Config, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(`a.b`, scalar or JSON text) for every leaf, in field order."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        path = f"{prefix}{name}"
        if isinstance(value, Config):
            yield from flatten(value, path + ".")
        elif value is None or isinstance(value, (bool, int, float, str)):
            yield path, value
        else:
            yield path, canonical(value)


def get_path(config: Config, path: str) -> Any:
    """The value at `a.b`; `ConfigError` names the nearest field when there is none.

    A dict is walked into by its keys, which may have dots in them.
    """
    return walked(config, path)[-1][1]


def walked(config: Config, path: str) -> list[tuple[str, Any]]:
    """(field or key, value there) of every step of a path; `ConfigError` as `get_path`."""
    value: Any = config
    rest, steps = path.split("."), []
    while rest:
        key = _key(value, rest, path)
        value = value[key] if isinstance(value, Mapping) else getattr(value, key)
        steps.append((key, value))
        rest = rest[key.count(".") + 1 :]
    return steps


def has_path(config: Config, path: str) -> bool:
    """Whether `a.b` names a field of this config (a head without `lam` has no `head.lam`)."""
    try:
        get_path(config, path)
    except ConfigError:
        return False
    return True


def with_path(config: C, path: str, value: Any) -> C:
    """A validated copy with the field at `a.b` set; texts are parsed with the field's type."""
    return with_paths(config, {path: value})


def with_paths(config: C, values: Mapping[str, Any]) -> C:
    """A validated copy with all of these set, a part before the fields inside it.

    It is validated once, with all in place: values that only go together can be set, and their
    order says nothing.
    """
    changes = [(path.split("."), path, value) for path, value in sorted(values.items())]
    changed: C = _changed(config, changes, Any)
    return changed


_Changes = list[tuple[list[str], str, Any]]
"""What is left of a path, the whole path, the value to set there; sorted by path."""


def _changed(owner: Any, changes: _Changes, kind: Any) -> Any:
    """`owner`, a config or a dict whose values are of this kind, with these changes."""
    if not changes:
        return owner
    is_dict = isinstance(owner, Mapping)
    new = dict(owner) if is_dict else {n: getattr(owner, n, None) for n in _fields(owner)}
    inside: dict[str, _Changes] = {}
    for rest, path, value in changes:
        is_entry = is_dict and (_is_leaf(kind) or (rest[0] not in owner and len(rest) == 1))
        key = ".".join(rest) if is_entry else _key(owner, rest, path)
        left = rest[key.count(".") + 1 :]
        if left:
            inside.setdefault(key, []).append((left, path, value))
        else:
            new[key] = _json(value) if is_dict else _read(type(owner), key, value)
    for key, deeper in inside.items():
        field = None if is_dict else type(owner).model_fields[key]
        is_set = field is not None and new[key] is not getattr(owner, key)
        part = _parsed(field, new[key], deeper[0]) if field and is_set else new[key]
        arguments = get_args(field.annotation) if field else ()
        new[key] = _changed(part, deeper, arguments[-1] if arguments else Any)
    if is_dict:
        return new
    rest, path, _ = changes[0]
    return type(owner).parse(new, where=".".join(path.split(".")[: -len(rest)]))


def _parsed(field: FieldInfo, value: Any, change: tuple[list[str], str, Any]) -> Any:
    """A value as its field has it, before fields inside it are set."""
    kind: Any = field.annotation
    if field.metadata:
        kind = Annotated[(kind, *field.metadata)]
    rest, path, _ = change
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise _explain(Config, error, ".".join(path.split(".")[: -len(rest)])) from None


def _fields(owner: Any) -> Iterable[str]:
    return type(owner).model_fields if isinstance(owner, Config) else ()


def _is_leaf(kind: Any) -> bool:
    """Whether values of this kind are set as a whole, so that all of a path is one key."""
    return kind is Any or get_origin(kind) is tuple


def _key(value: Any, rest: list[str], path: str) -> str:
    """The field or the key that the rest of a path begins with; `ConfigError` for none."""
    walked = ".".join(path.split(".")[: -len(rest)])
    if value is None:
        raise ConfigError(
            f"{path}: {walked} is not set, so it has no {rest[0]} to change; set all of it at "
            f'once: {walked}={{"{rest[0]}": ...}}'
        )
    if isinstance(value, Mapping):
        keys = (".".join(rest[:count]) for count in range(len(rest), 0, -1))
        found = next((key for key in keys if key in value), None)
        if found is None:
            raise ConfigError(
                f"{path}: {walked} has no {rest[0]!r}{did_you_mean(rest[0], value)}. "
                f"It has: {', '.join(value) or 'nothing'}"
            )
        return found
    if not isinstance(value, Config):
        raise ConfigError(f"{path}: {walked} is {value!r}, which has no fields")
    _require_field(type(value), rest[0], path)
    return rest[0]


def _read(owner: type[Config], name: str, value: Any) -> Any:
    """A text stays a text where the field wants one and is read as JSON where it does not."""
    if not isinstance(value, str):
        return value
    field = owner.model_fields[name]
    return value if _one_of(field) is None and _accepts_text(field) else _json(value)


def _json(value: Any) -> Any:
    """A text as JSON where it is some."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value


def _one_of(field: FieldInfo) -> _ChoiceOf | None:
    """The choice that a field's value is, also where it may be None instead."""
    kinds = get_args(field.annotation) if get_origin(field.annotation) in (Union, UnionType) else ()
    inside = [mark for kind in kinds for mark in getattr(kind, "__metadata__", ())]
    return next((m for m in (*field.metadata, *inside) if isinstance(m, _ChoiceOf)), None)


def choice_of(owner: Any, name: str) -> str:
    """The package that a field's value is chosen from; empty for fields of other kinds."""
    fields = type(owner).model_fields if isinstance(owner, Config) else {}
    one = _one_of(fields[name]) if name in fields else None
    return one.package if one else ""


def _accepts_text(field: FieldInfo) -> bool:
    """`str`, a `Literal` of texts, or either of them or None; not a dict or tuple of texts."""
    kind = field.annotation
    if get_origin(kind) in (Union, UnionType):
        kinds = set(get_args(kind)) - {type(None)}
        return all(_is_text(one) for one in kinds)
    return _is_text(kind)


def _is_text(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return all(isinstance(value, str) for value in get_args(kind))
    return kind is str


def override(config: C, assignments: Iterable[str]) -> C:
    """Apply `a.b=value` texts, the one override form of the command line, as `with_paths` does.

    Of two for the same path the later one counts.
    """
    values = {}
    for assignment in assignments:
        path, sign, value = assignment.partition("=")
        if not sign or not path:
            raise ConfigError(
                f"{assignment!r}: an override has the form path=value, e.g. head.margin=0.45"
            )
        values[path.strip()] = value.strip()
    return with_paths(config, values)


def _require_field(owner: type[Config], name: str, path: str) -> None:
    if name not in owner.model_fields:
        known = owner.model_fields
        raise ConfigError(
            f"{path}: no such field in {_label(owner)}{did_you_mean(name, known)}. "
            f"Fields: {', '.join(known)}"
        )


def _label(owner: type) -> str:
    return f"{owner.__module__.removeprefix('frlib.')}.{owner.__qualname__}"


def explained(error: ValidationError) -> ConfigError:
    """A pydantic error from Python code (a study file), as a `ConfigError`."""
    return _explain(Config, error, error.title)


def _explain(owner: type[Config], error: ValidationError, where: str) -> ConfigError:
    lines = []
    for item in error.errors():
        path = ".".join(str(p) for p in item["loc"])
        full = ".".join(p for p in (where, path) if p)
        if item["type"] == "extra_forbidden":
            model = _model_at(owner, item["loc"][:-1])
            hint = did_you_mean(str(item["loc"][-1]), model.model_fields)
            lines.append(f"{full}: no such field in {_label(model)}{hint}")
        elif item["type"] == "missing":
            lines.append(f"{full}: missing, and it has no default")
        else:
            message = item["msg"].removeprefix("Value error, ")
            if item["type"] == "tuple_type":
                message = 'expected a list, as JSON: ["one", "two"], or [] for none'
            found = "" if isinstance(item["input"], (dict, Config)) else f"={item['input']!r}"
            lines.append(f"{full or _label(owner)}{found}: {message}")
    return ConfigError("\n".join(lines))


def _model_at(owner: type[Config], loc: tuple[Any, ...]) -> type[Config]:
    for part in loc:
        field = owner.model_fields.get(str(part))
        kind = field.annotation if field else None
        if isinstance(kind, type) and issubclass(kind, Config):
            owner = kind
    return owner
