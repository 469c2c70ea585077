"""The container file: linted by hadolint, and the rules that matter most, read without it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import places

FILE = places.CLUSTER / "Containerfile"


def _instructions(text: str) -> list[tuple[str, str]]:
    """(NAME, rest) of every instruction, continued lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(one.split()[0], one.partition(" ")[2]) for one in joined.splitlines() if one.strip()]


def broken(text: str) -> list[str]:
    """The rules that a container file breaks."""
    steps = _instructions(text)
    names = [name for name, _ in steps]
    froms = [i for i, name in enumerate(names) if name == "FROM"]
    last = steps[froms[-1] :]
    images = [rest for name, rest in steps if name == "ARG" and "/" in rest]
    images += [rest for name, rest in steps if name == "FROM" and "/" in rest]
    installs = [rest for name, rest in steps if name == "RUN" and "apt-get install" in rest]
    users = [rest for name, rest in last if name == "USER"]
    rules = {
        "a base image without a digest": any("@sha256:" not in one for one in images) or not images,
        "latest": ":latest" in text,
        "one stage only": len(froms) < 2,
        "no stage copies from another": not any(
            n == "COPY" and r.startswith("--from=") for n, r in last
        ),
        "ends as root": not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]),
        "apt lists left behind": any("rm -rf /var/lib/apt/lists" not in one for one in installs),
        "recommended packages": any("--no-install-recommends" not in one for one in installs),
        "a secret": any(
            n in ("ARG", "ENV") and re.search(r"PASSWORD|SECRET|TOKEN|_KEY\b", r) for n, r in steps
        ),
        "shell form": any(n in ("CMD", "ENTRYPOINT") and not r.startswith("[") for n, r in steps),
        "added, not copied": "ADD" in names,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


def test_file_when_read_then_breaks_no_rule() -> None:
    assert broken(FILE.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (r"@sha256:\w+", "", "a base image without a digest"),
        (r"python:[\w.-]+", "python:latest", "latest"),
        (r"COPY --from=build .*", "", "no stage copies from another"),
        (r"USER .*", "", "ends as root"),
        (r"USER .*", "USER 0:0", "ends as root"),
        (r"&& rm -rf /var/lib/apt/lists/\*", "", "apt lists left behind"),
        (r"--no-install-recommends", "", "recommended packages"),
        (r"ARG COMMIT=unknown", "ARG AWS_SECRET_ACCESS_KEY", "a secret"),
        (r"CMD .*", "CMD frlib --help", "shell form"),
        (r"COPY frlib frlib", "ADD frlib frlib", "added, not copied"),
    ],
)
def test_file_when_changed_for_the_worse_then_a_rule_is_broken(
    old: str, new: str, rule: str
) -> None:
    text = FILE.read_text()
    changed = re.sub(old, new, text)
    assert changed != text
    assert rule in broken(changed)


def test_file_when_linted_by_hadolint_then_has_nothing_to_say() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    if program is None:
        pytest.skip("no hadolint for this machine")
    linted = subprocess.run([program, "--no-color", str(FILE)], capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")
    worse = FILE.read_text().replace("--no-install-recommends ", "")
    found = subprocess.run([program, "-"], input=worse, capture_output=True, text=True)
    assert found.returncode and "DL3015" in found.stdout


def test_file_when_it_builds_then_has_both_variants_and_copies_what_is_there() -> None:
    steps = _instructions(FILE.read_text())
    stages = {rest.split(" AS ")[1] for name, rest in steps if name == "FROM"}
    assert {"cpu", "cuda", "build"} <= stages
    copied = [rest.split()[:-1] for name, rest in steps if name == "COPY" and "--from" not in rest]
    for source in {one for sources in copied for one in sources}:
        assert (places.ROOT / source).exists(), source
        allowed = (places.ROOT / ".dockerignore").read_text().splitlines()
        assert f"!{source.split('/')[0]}" in allowed, source


def test_file_when_it_installs_more_than_the_project_then_as_pinned() -> None:
    pins = places.pins()
    asked = re.findall(r"\b([\w-]+)==([\w.]+)", FILE.read_text())
    assert {name for name, _ in asked} == {"boto3", "psycopg2-binary"}
    assert all(pins[name] == version for name, version in asked)


def test_context_when_sent_then_is_a_list_of_what_may_go() -> None:
    lines = (places.ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    sent = {line.removeprefix("!") for line in rules if line.startswith("!")}
    assert sent == {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "frlib",
        "studies",
        "analysis",
        "cluster",
    }


def test_image_when_it_serves_mlflow_then_has_the_driver_that_the_server_names() -> None:
    text = (places.CLUSTER / "mlflow/server.yaml").read_text()
    (driver,) = re.findall(r"--backend-store-uri=postgresql\+(\w+)://", text)
    assert f"{driver}-binary" in places.pins()
