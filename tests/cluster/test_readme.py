"""The page on clusters: its links, its commands, and what every file says of itself."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from ray.scripts.scripts import cli as ray_cli

from frlib.cli.main import app
from tests.cluster import places
from tests.cluster.commands import mlflow_cli, parsed, words

README = (places.CLUSTER / "README.md").read_text()
OURS = [
    path
    for path in sorted(places.CLUSTER.rglob("*"))
    if path.is_file() and path.suffix in (".yaml", ".txt", "") and path.name != "py.typed"
]


def _commands() -> Iterator[str]:
    for block in re.findall(r"^```\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield from line.split(" && ")


@pytest.mark.parametrize("line", list(_commands()))
def test_command_when_written_down_then_its_program_takes_it(line: str) -> None:
    program, *arguments = words(line) or ["export"]
    if program == "ray":
        entry = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
        parsed(ray_cli, arguments)
        if entry:
            parsed(typer.main.get_command(app), entry[1:])
    elif program == "frlib":
        parsed(typer.main.get_command(app), arguments)
    elif program == "mlflow":
        parsed(mlflow_cli(), arguments)
    else:
        assert program in {"export", "kubectl", "kustomize", "cd", "mkdir", "cp"}, line
        for path in re.findall(r"(?<!\S)cluster/\S+", line):
            assert (places.ROOT / path).exists(), path


def test_secrets_when_made_by_a_command_then_are_in_the_table() -> None:
    made = re.findall(r"create secret generic (\S+) --from-literal=(\w+)=", README)
    assert made
    for name, key in made:
        assert re.search(rf"\| `{name}` \| .*`{key}`", README)
        assert "openssl rand" in shlex.quote(README)


def test_links_when_followed_then_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (places.CLUSTER / target).exists(), target


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(places.CLUSTER)))
def test_file_when_opened_then_says_what_was_tried_and_what_not(path: Path) -> None:
    head = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        head.append(line)
    text = "\n".join(head)
    assert "Tried: " in text and "Not tried: " in text


def test_folders_when_there_then_the_page_tells_of_them() -> None:
    for path in sorted(places.CLUSTER.rglob("*")):
        name = path.relative_to(places.CLUSTER)
        if path.is_dir() and "__pycache__" not in name.parts:
            assert path.name in README, name


@pytest.mark.parametrize(
    "line",
    ["ray start --heads", "ray job submit", "frlib study runs smoke", "frlib study run --st x"],
)
def test_command_when_no_program_takes_it_then_the_check_says_so(line: str) -> None:
    program, *arguments = words(line)
    command = ray_cli if program == "ray" else typer.main.get_command(app)
    with pytest.raises(Exception, match=r"No such|Missing"):
        parsed(command, arguments)
