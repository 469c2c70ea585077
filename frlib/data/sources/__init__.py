"""Where images come from, a module each.

A module defines

* `Config`, with `name: Literal[...]` first; paths are places, what changes content is a setting;
  with `names_people: ClassVar[bool] = False` if its identities are numbers of a file's own, which
  mean other people in another file;
* `scan(config) -> Manifest`, made with `frlib.data.manifest.from_table`;
* `open_reader(config) -> Reader` (`frlib.data.reader`), which is asked for the manifest's refs;
* and, if a scan is worth keeping, `fingerprint(config) -> str`: a text that changes whenever a scan
  would come out differently (files with size and time of change). Without it the source is scanned
  every time.
"""
