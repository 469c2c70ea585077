"""Where images come from, a module each.

A module defines

* `Config`, with `name: Literal[...]` first; paths are places, what changes content is a setting;
  with `names_people` (a class variable or a property) False if its identities are numbers of a
  file's own, which mean other people in another file; and with `checksums_files` False if a
  checksum is over more than the stored bytes of an image, so that other sources never have it;
* `scan(config) -> Manifest`, made with `frlib.data.manifest.from_table`;
* `open_reader(config) -> Reader` (`frlib.data.reader`), which is asked for the manifest's refs;
* `recognise(path) -> Config | None`: the config for a path or URI (`frlib.data.storage.places`) of
  this shape, told by names and a few first bytes, never by a scan;
* if a scan is worth keeping, `fingerprint(config) -> str`: a text that changes whenever a scan
  would come out differently (files with size and time of change). Without it the source is scanned
  every time;
* if it is a verification set that brings its images, `pairs(config) -> ListedPairs`: what is asked
  about them, by id;
* if it needs a file made once, `ready(config, store) -> Config`: the config that names that file,
  kept in the store; of a ready config, the same.

The field `path` of a source of files is a path or a URI.
"""
