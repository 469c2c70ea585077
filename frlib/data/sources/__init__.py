"""Where images come from, a module each: `Config`, `scan(config) -> Manifest`, `open_reader(config)`."""
