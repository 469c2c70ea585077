"""One check a module; see `frlib.doctor`."""
