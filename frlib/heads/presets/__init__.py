"""Published methods, a module each: `Config`, `PAPER`, `SPACE`, `label` and `compose`."""
