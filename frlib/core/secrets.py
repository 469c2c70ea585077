"""Which names and texts hold secrets: they come from the environment and are written nowhere."""

import re

_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|APIKEY|CONNECTION_STRING"
    r"|(^|_)(TOKEN|CREDENTIALS?|PRIVATE|KEY|PAT|DSN)(_|$)",
    re.I,
)
_NO_SECRET = re.compile(r"(_(PATH|FILE|DIR|MODE|URI_PREFIX)$)|^AWS_SHARED_CREDENTIALS_FILE$", re.I)
_USER = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?P<user>[^/?#\s'\"]+)@", re.I)
_OPTION = re.compile(
    r"(?P<name>[?&;](?:[a-z_.-]*(?:password|passwd|secret|token|credential|signature)[a-z_.-]*"
    r"|access_key|sig|x-amz-signature)=)[^&;#\s'\"]+",
    re.I,
)
HIDDEN = "***"


def is_secret(name: str) -> bool:
    """Whether an environment variable of this name is taken to hold a secret."""
    return bool(_NAME.search(name)) and not _NO_SECRET.search(name)


def has_credentials(text: str) -> bool:
    """Whether a URI in the text has a user, a password or a token in it."""
    return redacted(text) != text


def redacted(text: str) -> str:
    """The text, `***` for users, passwords and tokens of the URIs in it."""
    found = _USER.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _OPTION.sub(rf"\g<name>{HIDDEN}", found)
