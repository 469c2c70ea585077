"""Kinds of models that can be evaluated, a module each.

A module defines

* `Config`, with `name: Literal[...]` first and `path`; what changes the embeddings is a setting;
* `open_model(config, device) -> Model` (`frlib.evaluate.model`);
* `recognise(path) -> Config | None`: the config for a path of this shape, told by names. No path is
  of two kinds.
"""
