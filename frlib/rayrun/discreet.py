"""Ray Tune without the secrets of the driver.

Tune 2.60 copies `AWS_SECRET_ACCESS_KEY` and its like into the runtime environment of every trial,
and Ray writes runtime environments to its logs and control plane as plain text. Trials have the
secrets of their node instead, which is where they belong.
"""

from frlib.core.secrets import is_secret


def keep_secrets() -> None:
    """Take secrets off the list of variables that Tune hands to trials."""
    from ray.tune.execution import class_cache

    class_cache.ENV_VARS_TO_PROPAGATE.difference_update(
        [name for name in class_cache.ENV_VARS_TO_PROPAGATE if is_secret(name)]
    )
