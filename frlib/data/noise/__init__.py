"""Ways to corrupt a manifest, a module each: `Config` and `apply(manifest, config, ...)`."""
