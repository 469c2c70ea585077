"""Published methods, a module each: `Config`, `PAPER`, `SPACE`, `label(config)`, `compose(config)`."""
