"""Backbones, a module each: `Config` and `build(config, size) -> nn.Module`."""
