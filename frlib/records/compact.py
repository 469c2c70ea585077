"""The same records in fewer files: one part a table, for copies and mirrors."""

from pathlib import Path

from frlib.core import safeio
from frlib.records import layout, parts
from frlib.records.read import Attempt
from frlib.records.schema import ENDED, TABLES


def compact(one: Attempt, into: Path) -> list[Path]:
    """Write the attempt's rows and its run.json into the folder `into`; returns the files.

    The originals are read with verification and left alone. Rows, order and status are equal.
    """
    identity = {key: str(one.run[key]) for key in ("study", "arm", "seed", "attempt")}
    written, checksums = [], {}
    for name in TABLES:
        table = one.table(name)
        if table.num_rows:
            path = into / layout.part_name(name, 0)
            parts.write(path, table, identity)
            checksums[path.name] = safeio.sha256(path)
            written.append(path)
    run = dict(one.run)
    if run["status"] in ENDED:
        run["parts"] = checksums
    safeio.write_json(into / "run.json", run)
    return [*written, into / "run.json"]
