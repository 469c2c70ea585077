"""Formats that a set of identities can be written in, a module each.

A module defines

* `Config`, with `name: Literal[...]` and `path` (a folder that does not exist yet) first; what
  changes the bytes is a setting;
* `SUFFIXES`, ends of a path that ask for this format;
* `open_sink(config, folder, outline, mark) -> Sink` (`frlib.data.sink`): builds the set in
  `folder`, which exists; `mark` is what `commit` gave, or None to begin;
* `stored_names(config, identities) -> tuple[str, ...]`: the identities' names in the written set,
  `DataError` if two would become one;
* perhaps `LOST_PER_IMAGE_BYTES`: what a file system adds to an image, for the estimate of room;
* `source(config, colour) -> Config` of the source in `frlib.data.sources` that reads the set.

Image bytes are never touched. All sinks write the same bytes for the same images and settings,
however often they were stopped.
"""
