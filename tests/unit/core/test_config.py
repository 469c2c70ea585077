"""Strictness, digests and overrides of configurations."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import Field, model_validator

from frlib.core.config import (
    Choice,
    Config,
    canonical,
    digest,
    flatten,
    get_path,
    has_path,
    override,
    place,
    setting,
    to_dict,
    walked,
    with_path,
    with_paths,
)
from frlib.core.errors import ConfigError

Schedule = Choice["frlib.schedules"]


class Inner(Config):
    margin: float = setting(0.5, ge=0, le=1, doc="m")
    kind: str = "a"


class Outer(Config):
    inner: Inner = Inner()
    schedule: Schedule = "poly"
    path: str = place("", doc="where")
    count: int = 3
    on: bool = True
    tags: tuple[str, ...] = ("a",)
    table: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    maybe: str | None = None


def test_parse_when_key_is_unknown_then_names_the_nearest_field() -> None:
    with pytest.raises(
        ConfigError, match=r"inner\.margn: no such field in .*Inner \(did you mean 'margin'\?\)"
    ):
        Outer.parse({"inner": {"margn": 0.3}})


def test_parse_when_value_is_out_of_range_then_names_path_and_value() -> None:
    with pytest.raises(ConfigError, match=r"inner\.margin=1\.5: .*less than or equal to 1"):
        Outer.parse({"inner": {"margin": 1.5}})


def test_choice_when_name_is_unknown_then_suggests() -> None:
    with pytest.raises(ConfigError, match=r"'polly'.*did you mean 'poly'"):
        Outer.parse({"schedule": "polly"})


def test_choice_when_nested_field_is_unknown_then_names_module() -> None:
    with pytest.raises(ConfigError, match=r"frlib\.schedules\.poly\.Config\.pwr: no such field"):
        Outer.parse({"schedule": {"name": "poly", "pwr": 2}})


def test_round_trip_when_written_as_json_then_equal_and_same_digest() -> None:
    config = Outer(inner=Inner(margin=0.3), path="here")
    again = Outer.parse(json.loads(json.dumps(to_dict(config))))
    assert again == config
    assert digest(again) == digest(config)


def test_digest_when_only_a_place_differs_then_is_equal() -> None:
    assert digest(Outer(path="here")) == digest(Outer(path="there"))
    assert digest(Outer(count=4)) != digest(Outer(count=3))
    assert "there" in canonical(Outer(path="there"))


class Grown(Config):
    """A config that got a field later, and leaves it out where it means "as before"."""

    inner: Inner = Inner()
    path: str = place("", doc="where")
    later: int = 0

    def counted(self) -> dict[str, object]:
        fields = super().counted()
        if not self.later:
            del fields["later"]
        return fields


def test_digest_when_a_later_field_is_not_counted_at_its_default_then_as_before() -> None:
    assert canonical(Grown(path="here"), places=False) == '{"inner":{"kind":"a","margin":0.5}}'
    assert digest(Grown(later=1)) != digest(Grown())
    assert to_dict(Grown()) == {"inner": {"margin": 0.5, "kind": "a"}, "path": "", "later": 0}
    assert dict(flatten(Grown()))["later"] == 0


def test_digest_when_computed_in_another_process_then_is_equal() -> None:
    code = (
        "from frlib.schedules.poly import Config; from frlib.core.config import digest;"
        "print(digest(Config()))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            text=True,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    from frlib.schedules.poly import Config as Poly

    assert outputs == {digest(Poly()) + "\n"}


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("inner.margin=0.45", "inner.margin", 0.45),
        ("inner.kind=7", "inner.kind", "7"),
        ("count=12", "count", 12),
        ("on=false", "on", False),
        ('inner={"margin": 0.1}', "inner.margin", 0.1),
        ('tags=["b", "c"]', "tags", ("b", "c")),
        ('table={"x": [1, 2]}', "table", {"x": (1.0, 2.0)}),
        ("maybe=3", "maybe", "3"),
        ("schedule=cosine", "schedule.name", "cosine"),
    ],
)
def test_override_when_text_is_given_then_is_parsed_with_the_fields_type(
    assignment: str, path: str, value: object
) -> None:
    assert get_path(override(Outer(), [assignment]), path) == value


@pytest.mark.parametrize("bad", ["inner.margn=1", "inner.margin.x=1", "nothing", "count=many"])
def test_override_when_wrong_then_is_a_config_error(bad: str) -> None:
    with pytest.raises(ConfigError, match=bad.partition("=")[0].split(".")[0]):
        override(Outer(), [bad])


def test_with_path_when_set_then_original_is_unchanged() -> None:
    config = Outer()
    assert with_path(config, "inner.margin", 0.2).inner.margin == 0.2
    assert config.inner.margin == 0.5
    assert has_path(config, "inner.margin")
    assert not has_path(config, "inner.lam")


def test_flatten_when_nested_then_gives_every_leaf_once() -> None:
    leaves = dict(flatten(Outer()))
    assert leaves["inner.margin"] == 0.5
    assert leaves["schedule.name"] == "poly"
    assert "inner" not in leaves


class Bags(Config):
    """Dicts: of configs, and of anything."""

    parts: dict[str, Schedule] = Field(default_factory=dict)
    free: dict[str, Any] = Field(default_factory=dict)
    inner: Inner = Inner()
    schedule: Schedule = "poly"
    low: int = 1
    high: int = 2

    @model_validator(mode="after")
    def _ordered(self) -> "Bags":
        if self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}")
        return self


BAGS = Bags(parts={"one": "poly", "two.b": "cosine"}, free={"head.margin": 1})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("parts.one.power", 1.0),
        ("parts.two.b.name", "cosine"),
        ("free.head.margin", 1),
        ("free", {"head.margin": 1}),
    ],
)
def test_get_path_when_it_leads_through_a_dict_then_keys_may_have_dots(
    path: str, value: object
) -> None:
    assert get_path(BAGS, path) == value and has_path(BAGS, path)
    assert ".".join(key for key, _ in walked(BAGS, path)) == path


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("parts.one.power=3", "parts.one.power", 3.0),
        ("parts.one=cosine", "parts.one.name", "cosine"),
        ('parts.three={"name": "poly", "power": 1}', "parts.three.power", 1.0),
        ("free.head.margin=0.5", "free", {"head.margin": 0.5}),
        ("free.epochs=3", "free", {"head.margin": 1, "epochs": 3}),
        ("free.data.size=64", "free", {"head.margin": 1, "data.size": 64}),
        ("free.head=arcface", "free", {"head.margin": 1, "head": "arcface"}),
    ],
)
def test_override_when_it_leads_through_a_dict_then_sets_or_adds_an_entry(
    assignment: str, path: str, value: object
) -> None:
    changed = override(BAGS, [assignment])
    assert get_path(changed, path) == value
    assert changed.low == 1 and get_path(BAGS, "free") == {"head.margin": 1}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("parts.on.power=3", r"parts\.on\.power: parts has no 'on' \(did you mean 'one'\?\)"),
        ("parts.one.powr=3", r"parts\.one\.powr: no such field in .*did you mean 'power'"),
        ("parts.one.power=no", r"parts\.one\.power='no': "),
        ("parts.new=polly", r"'polly'.*did you mean 'poly'"),
        ("parts.one.power.x=3", r"parts\.one\.power is 1\.0, which has no fields"),
    ],
)
def test_override_when_an_entry_is_wrong_then_says_what_there_is(
    assignment: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        override(BAGS, [assignment])


def test_with_paths_when_values_only_go_together_then_order_says_nothing() -> None:
    for values in ({"low": 5, "high": 6}, {"high": 6, "low": 5}):
        changed = with_paths(Bags(), values)
        assert (changed.low, changed.high) == (5, 6)
    with pytest.raises(ConfigError, match="low=5 is above high=2"):
        with_paths(Bags(), {"low": 5})


@pytest.mark.parametrize("choice", ["step", {"name": "step"}, '{"name": "step"}'], ids=str)
def test_with_paths_when_a_part_and_a_field_of_it_are_set_then_the_part_comes_first(
    choice: object,
) -> None:
    values = {"schedule.gamma": 0.5, "schedule": choice, "inner.margin": 0.1, "inner": {}}
    changed = with_paths(Bags(), values)
    assert get_path(changed, "schedule.gamma") == 0.5 and changed.inner == Inner(margin=0.1)


def test_override_when_several_are_given_then_together_and_of_one_path_the_later() -> None:
    changed = override(Bags(), ["low=5", "schedule.gamma=0.5", "schedule=step", "high=6", "low=6"])
    assert (changed.low, changed.high, get_path(changed, "schedule.gamma")) == (6, 6, 0.5)


def test_with_paths_when_the_part_itself_is_wrong_then_says_where() -> None:
    with pytest.raises(ConfigError, match=r"inner\.margin=3: .*less than or equal to 1"):
        with_paths(Bags(), {"inner": {"margin": 3}, "inner.kind": "b"})
