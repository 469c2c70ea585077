"""Nothing of ours runs code that came in a file or over the wire: no unpickling, no eval."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN = {
    *("pickle.load", "pickle.loads", "pickle.Unpickler", "cloudpickle.load", "cloudpickle.loads"),
    *("marshal.load", "marshal.loads", "shelve.open", "dill.load", "dill.loads", "joblib.load"),
    *("yaml.load", "yaml.unsafe_load", "yaml.full_load", "pandas.read_pickle", "pd.read_pickle"),
    *("mlflow.pyfunc.load_model", "torch.jit.load", "torch.package.PackageImporter"),
    *("eval", "exec", "os.system"),
}
MODULES = {"shelve", "dill", "joblib", "marshal"}
FLAGS = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
NEEDED = {"torch.load"}


def _files() -> list[Path]:
    tops = ("frlib", "analysis", "studies", "cluster")
    return sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))


def faults(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (f"import {a.name}" for a in node.names if a.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            dotted = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from sorted(f"from {name}" for name in dotted & FORBIDDEN)
        elif isinstance(node, ast.Call):
            yield from _fault(node)


def _fault(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in FORBIDDEN:
        yield f"{name}(...) in line {call.lineno}"
    if name in FLAGS:
        flag, expected = FLAGS[name]
        given = [word.value for word in call.keywords if word.arg == flag]
        values = [isinstance(v, ast.Constant) and v.value is expected for v in given]
        if not all(values) or (name in NEEDED and not given):
            yield f"{name}(...) without {flag}={expected} in line {call.lineno}"


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_source_when_read_then_it_unpickles_nothing(path: Path) -> None:
    assert list(faults(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    [
        *("pickle.loads(b)", "torch.load(p)", "torch.load(p, weights_only=False)", "import shelve"),
        *("np.load(p, allow_pickle=True)", "from pickle import loads", "eval(text)"),
        *("torch.load(p, weights_only=flag)", "yaml.load(f)"),
    ],
)
def test_scan_when_something_would_unpickle_then_it_is_found(line: str) -> None:
    assert len(list(faults(line))) == 1


@pytest.mark.parametrize(
    "line", ["torch.load(p, weights_only=True)", "np.load(p)", "model.eval()", "yaml.safe_load(f)"]
)
def test_scan_when_it_is_safe_then_it_is_let_through(line: str) -> None:
    assert list(faults(line)) == []
