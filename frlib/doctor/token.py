"""A few bytes written into a store and read back from elsewhere: is it the same store?

A folder, or a URI that `pyarrow.fs` knows; `StoreError` for another one. Tokens lie in
`.doctor-<mark>/`, which goes again.
"""

import pyarrow as pa
from pyarrow import fs

from frlib.core.errors import StoreError
from frlib.core.secrets import redacted

_FOLDER = ".doctor-"


def write(store: str, mark: str, name: str, text: str) -> None:
    """Make the store where there is none, and write a token into it."""
    system, folder = _place(store, mark)
    system.create_dir(folder, recursive=True)
    with system.open_output_stream(f"{folder}/{name}") as file:
        file.write(text.encode())


def read(store: str, mark: str) -> dict[str, str]:
    """The tokens of this mark that can be seen from here, by name."""
    system, folder = _place(store, mark)
    found = {}
    for one in system.get_file_info(fs.FileSelector(folder, allow_not_found=True)):
        with system.open_input_stream(one.path) as file:
            found[one.base_name] = file.read().decode()
    return found


def remove(store: str, mark: str) -> None:
    """Take the tokens of this mark away."""
    system, folder = _place(store, mark)
    if system.get_file_info(folder).type == fs.FileType.Directory:
        system.delete_dir(folder)


def is_uri(store: str) -> bool:
    """Whether a store is named by a URI, not by a folder."""
    return "://" in store


def _place(store: str, mark: str) -> tuple[fs.FileSystem, str]:
    if not is_uri(store):
        return fs.LocalFileSystem(), f"{store.rstrip('/')}/{_FOLDER}{mark}"
    root, sign, options = store.partition("?")
    try:
        system, path = fs.FileSystem.from_uri(f"{root.rstrip('/')}{sign}{options}")
    except pa.ArrowException as error:
        raise StoreError(
            f"{redacted(store)}: names no store ({redacted(str(error))}); expected a folder, or a "
            "URI such as s3://bucket/path"
        ) from error
    return system, f"{path.rstrip('/')}/{_FOLDER}{mark}"
