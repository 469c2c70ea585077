import pytest
from ray.tune.execution import class_cache

from frlib.core.secrets import is_secret
from frlib.rayrun.discreet import keep_secrets


def test_tune_when_kept_from_secrets_then_hands_none_to_trials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = set(class_cache.ENV_VARS_TO_PROPAGATE) | {"AWS_SECRET_ACCESS_KEY"}
    monkeypatch.setattr(class_cache, "ENV_VARS_TO_PROPAGATE", own)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")

    class Trial:
        """What Tune would make an actor of."""

    def handed() -> dict[str, str]:
        made = class_cache._ActorClassCache().get(Trial)
        found: dict[str, str] = made._default_options["runtime_env"]["env_vars"]
        return found

    assert handed()["AWS_SECRET_ACCESS_KEY"] == "canary"
    keep_secrets()
    assert not [name for name in handed() if is_secret(name)]
    assert handed()["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] == "0.2"
