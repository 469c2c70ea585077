"""Where bytes live: folders of this machine, or anything `pyarrow.fs` opens by URI.

`places`: a path or a URI, and the few questions asked of both. `listing`: what a folder holds.
`blobs`: a file as bytes by position, a memory map here and blocks with read-ahead elsewhere.
`retry`: trying again when a network stumbles.

A local place is a plain `Path`, so nothing is lost where nothing is remote. `file:///a/b` is the
local path `/a/b`.
"""
