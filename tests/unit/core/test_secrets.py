import pytest

from frlib.core.secrets import has_credentials, is_secret, redacted


@pytest.mark.parametrize(
    "name",
    [
        *("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "HF_TOKEN"),
        *("MLFLOW_TRACKING_PASSWORD", "RAY_AUTH_TOKEN", "PGPASSWORD", "GITHUB_PAT", "OPTUNA_DSN"),
        *("COMET_APIKEY", "AZURE_STORAGE_CONNECTION_STRING"),
    ],
)
def test_name_when_of_a_secret_then_it_is_taken_for_one(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("MLFLOW_TRACKING_URI", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE", "TOKENIZERS_PARALLELISM"),
        *("AWS_DEFAULT_REGION", "AWS_SHARED_CREDENTIALS_FILE", "KEYBOARD", "OMP_NUM_THREADS"),
    ],
)
def test_name_when_of_no_secret_then_it_may_be_sent(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://frlib:p4ss@db/frlib", "postgresql://***@db/frlib"),
        ("http://user:a@b@host:5000/x", "http://***@host:5000/x"),
        ("s3://bucket/x?access_key=AK&secret_key=SK&region=eu", None),
        ("https://host/p?X-Amz-Signature=abc&a=1", "https://host/p?X-Amz-Signature=***&a=1"),
        ("cannot reach http://u:p4ss@h/ (again)", "cannot reach http://***@h/ (again)"),
    ],
)
def test_text_when_a_uri_has_credentials_then_they_are_hidden(text: str, shown: str | None) -> None:
    found = redacted(text)
    assert found == (shown or "s3://bucket/x?access_key=***&secret_key=***&region=eu")
    assert has_credentials(text) and not has_credentials(found)


@pytest.mark.parametrize(
    "text",
    ["s3://bucket/a@b/x", "http://host:5000/?a=b", "sqlite:////a/mlflow.db", "a@b.example", "/a/b"],
)
def test_text_when_there_is_no_secret_in_it_then_it_stays_as_it_is(text: str) -> None:
    assert redacted(text) == text
