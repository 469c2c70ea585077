"""One form of a table a module; `analysis.render` writes them all."""
