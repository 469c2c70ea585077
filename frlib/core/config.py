"""Configuration: frozen, strict pydantic models with a canonical form, a digest and overrides.

* An unknown key is an error that names the nearest field.
* `setting()` carries unit and source beside the default, so reference pages never drift.
* `place()` marks where a run happens (paths, devices, worker counts). Places are part of a config
  and of its JSON, but not of its digest: the same experiment elsewhere is the same experiment.
* `Config.counted` decides what else the digest leaves out: a field that at its value means "as
  before there was this field" need not change what was run before there was this field.
* `Choice[...]` is a field whose value is one of the modules of a package (see `discover`).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
)
from pydantic.fields import FieldInfo

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean

_PLACE = "place"
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
    return {name: _plain(value, places) for name, value in fields.items()}


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
    """The value at `a.b`; `ConfigError` names the nearest field when there is none."""
    value: Any = config
    walked: list[str] = []
    for part in path.split("."):
        if value is None:
            whole = ".".join(walked)
            raise ConfigError(
                f"{path}: {whole} is not set, so it has no {part} to change; set all of it at "
                f'once: {whole}={{"{part}": ...}}'
            )
        if not isinstance(value, Config):
            raise ConfigError(f"{path}: {'.'.join(walked)} is {value!r}, which has no fields")
        _require_field(type(value), part, path)
        walked.append(part)
        value = getattr(value, part)
    return value


def has_path(config: Config, path: str) -> bool:
    """Whether `a.b` names a field of this config (a head without `lam` has no `head.lam`)."""
    try:
        get_path(config, path)
    except ConfigError:
        return False
    return True


def with_path(config: C, path: str, value: Any) -> C:
    """A validated copy with the field at `a.b` set; texts are parsed with the field's type."""
    get_path(config, path)
    return _set(config, path.split("."), value, path)


def _set(config: C, parts: list[str], value: Any, path: str) -> C:
    head, rest = parts[0], parts[1:]
    inner = getattr(config, head)
    new = _set(inner, rest, value, path) if rest else _read(type(config), head, value)
    raw = {name: getattr(config, name) for name in type(config).model_fields} | {head: new}
    return type(config).parse(raw, where=".".join(path.split(".")[: -len(parts)]))


def _read(owner: type[Config], name: str, value: Any) -> Any:
    """A text stays a text where the field wants one and is read as JSON where it does not."""
    if not isinstance(value, str):
        return value
    field = owner.model_fields[name]
    one_of = next((m for m in field.metadata if isinstance(m, _ChoiceOf)), None)
    if one_of is None and _accepts_text(field):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


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
    """Apply `a.b=value` texts, the one override form of the command line, in order."""
    for assignment in assignments:
        path, sign, value = assignment.partition("=")
        if not sign or not path:
            raise ConfigError(
                f"{assignment!r}: an override has the form path=value, e.g. head.margin=0.45"
            )
        config = with_path(config, path.strip(), value.strip())
    return config


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
