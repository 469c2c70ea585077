"""GPUs: what torch can use against what Ray hands out, and the same driver and torch on all nodes.

torch is asked in a process of its own: Ray hides GPUs from workers that reserve none, and a driver
that hangs takes only that process along.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from frlib.core.errors import ClusterError
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 30
_HIDES = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
_SHARE = 0.8
_ASK = """
import json, torch
count = torch.cuda.device_count()
names = [torch.cuda.get_device_name(i) for i in range(count)]
free = [torch.cuda.mem_get_info(i)[0] for i in range(count)]
if count:
    torch.zeros(1, device="cuda").add_(1).item()
print(json.dumps({"names": names, "free": free, "cuda": torch.version.cuda or ""}))
"""


def look(asked: Asked) -> Facts:
    """Names and free bytes of the GPUs that torch can compute on; no torch where there is none."""
    cards = sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))
    driver = _driver()
    if not cards and not driver:
        return {"cards": 0, "driver": "", "names": [], "free": [], "cuda": "", "refused": ""}
    shown = {name: value for name, value in os.environ.items() if name not in _HIDES}
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        env=shown,
        capture_output=True,
        text=True,
        timeout=_SHARE * asked.patience_s,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1][:200]
        told = {"names": [], "free": [], "cuda": "", "refused": last}
    else:
        told = json.loads(done.stdout.splitlines()[-1]) | {"refused": ""}
    return told | {"cards": len(cards), "driver": driver}


def judge(report: Report) -> Iterator[Finding]:
    """Ray's number against torch's, node by node; then whether all nodes are alike."""
    told = report.where_it_runs("gpus")
    handed = {node.name: node.resources.get("GPU", 0.0) for node in report.nodes}
    for where, facts in told.items():
        usable = len(facts["names"])
        if facts["refused"]:
            yield Finding(
                check="gpus",
                where=where,
                level="failure",
                found=f"torch cannot use its {facts['cards']} cards: {facts['refused']}",
                expected="torch computes on every card",
                advice=f"driver {facts['driver'] or 'unknown'}: update it, or another torch build",
            )
        elif where in handed and handed[where] > usable:
            yield Finding(
                check="gpus",
                where=where,
                level="failure",
                found=f"Ray hands out {handed[where]:g}, torch sees {usable}",
                expected="no more than there are",
                advice="start the node without --num-gpus, or with the right number",
            )
        elif where in handed and handed[where] < usable:
            yield Finding(
                check="gpus",
                where=where,
                level="warning",
                found=f"torch sees {usable}, Ray hands out {handed[where]:g}",
                expected="every card is used",
                advice="start the node with --num-gpus, unless some are for others",
            )
    builds = {f"driver {f['driver']}, CUDA {f['cuda']}" for f in told.values() if f["names"]}
    if len(builds) > 1:
        yield Finding(
            check="gpus",
            where="nodes",
            level="warning",
            found="; ".join(sorted(builds)),
            expected="one driver and one CUDA build",
            advice="results may differ in the last bits between nodes",
        )
    if told and not any(facts["refused"] for facts in told.values()):
        kinds = sorted({name for facts in told.values() for name in facts["names"]})
        count = sum(len(facts["names"]) for facts in told.values())
        text = f"{count}: {', '.join(kinds)}" if count else "none; studies run on CPUs"
        yield Finding(check="gpus", where=", ".join(told), level="ok", found=text)


def _driver() -> str:
    version = Path("/sys/module/nvidia/version")
    try:
        return version.read_text().strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ClusterError(f"{version}: {error.strerror}; expected the driver's version") from error
