"""Questions. One file per study, each with `study() -> Study`."""
