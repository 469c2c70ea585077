"""How a config with other settings than the usual ones is told apart in tables."""

from typing import Any

from frlib.core.config import Config


def named(title: str, config: Config, **words: str) -> str:
    """The title and, in brackets, the settings that differ from the defaults.

    words: setting -> how its value is written, a format of `str.format`.
    """
    usual = type(config)()
    told = [
        text.format(_plain(getattr(config, setting)))
        for setting, text in words.items()
        if getattr(config, setting) != getattr(usual, setting)
    ]
    return f"{title} ({', '.join(told)})" if told else title


def _plain(value: Any) -> Any:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else value
