"""What recorded files mean in frlib: `METHODS` by `meta["method"]`, or `cases(root)` of a folder.

The folder is the module's `FOLDER`, `eval` if it names none. A quirk of a source that frlib does
not repeat is reproduced here, in the adapter.
"""
