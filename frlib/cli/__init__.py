"""One module per noun; argument parsing only."""
