"""A store at a URI: every machine has a working copy of it, an ordinary folder.

`address`: which URIs, and the folder that is their working copy. `far`: the store itself, file by
file. `names`: which files of a working copy go up. `marks`, `outbox`: what is to be sent, and the
thread that sends it. `inward`: what is brought here. `claims`: who does something alone.
`copy`: all of it together, and `local`, which the rest of the project begins with. `below`: a run
or a file in a store, named by its URI.

The order that makes half-written things invisible: a file is put whole or not at all, files are
sent in the order in which they were written here, and what says that something is whole
(`run.json`, a checkpoint's JSON, `artifact.json`) is written after the rest of it. What is brought
follows the same order.
"""
