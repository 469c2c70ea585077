"""What input sizes a network takes."""

from frlib.core.errors import ConfigError


def final_map(size: int, name: str) -> int:
    """Side of the last feature map after four halvings; `ConfigError` unless 16 divides `size`."""
    if size < 16 or size % 16:
        nearest = max(16, round(size / 16) * 16)
        raise ConfigError(
            f"size={size}: {name} halves its input four times, so its images are 16, 32, ... "
            f"pixels a side. Set the size to a multiple of 16, for example {nearest}."
        )
    return size // 16
