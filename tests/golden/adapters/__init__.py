"""What each recorded method means in frlib: `METHODS` by `meta["method"]`, or `cases(root)` for what
lies in `FOLDER` (`eval` if it has none).

A quirk of a source that frlib does not repeat is reproduced here, in the adapter.
"""
