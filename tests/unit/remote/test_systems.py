import pytest
from pyarrow import fs

from frlib.core.errors import DataError
from frlib.data.storage import places
from frlib.remote import systems


def test_opened_when_the_region_of_a_bucket_is_not_found_then_the_error_is_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(bucket: str) -> str:
        raise OSError(f"Bucket '{bucket}' not found: NO_SUCH_BUCKET")

    monkeypatch.setattr(places, "open_system", lambda uri: (fs.LocalFileSystem(), ""))
    monkeypatch.setattr(fs, "resolve_s3_region", refused)
    with pytest.raises(DataError, match=r"s3://of-no-region.*NO_SUCH_BUCKET.*credentials"):
        systems.opened("s3://of-no-region/store")
