import zipfile
from pathlib import Path

import pytest

from frlib.core.errors import ClusterError
from frlib.launch.submit import EXCLUDES
from frlib.rayrun import upload


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        ".gitignore": "/build/\n*.log\n!kept.log\n",
        "a.py": "1",
        "a.log": "",
        "kept.log": "",
        "build/x/y.o": "12345",
        "sub/.rayignore": "big.bin\n",
        "sub/big.bin": "0" * 100,
        "sub/inner/b.py": "22",
        ".git/HEAD": "ref",
        ".venv/lib/x.py": "",
        "frlib-store/mlflow.db": "",
        ".env": "SECRET=1",
        "keys/id.pem": "",
        "data/set.rec": "0" * 50,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_contents_when_listed_then_they_are_what_ray_packs(folder: Path) -> None:
    from ray._private.ray_constants import get_runtime_env_default_excludes
    from ray._private.runtime_env.packaging import create_package

    excludes = [*EXCLUDES, "data"]
    found = upload.contents(folder, excludes)
    archive = folder.parent / "packed.zip"
    create_package(
        str(folder),
        archive,
        include_gitignore=True,
        excludes=[*get_runtime_env_default_excludes(), *excludes],
    )
    with zipfile.ZipFile(archive) as packed:
        sizes = {one.filename: one.file_size for one in packed.infolist() if not one.is_dir()}
    assert dict(found.files) == sizes
    assert found.size == sum(sizes.values())
    assert set(sizes) == {
        *(".gitignore", "a.py", "kept.log", "sub/.rayignore", "sub/inner/b.py"),
    }


def test_contents_when_something_is_left_out_then_its_topmost_name_is_told(folder: Path) -> None:
    found = upload.contents(folder, [*EXCLUDES, "data"])
    assert found.excluded == (
        *(".env", ".git", ".venv", "a.log", "build", "data", "frlib-store", "keys"),
        "sub/big.bin",
    )


def test_contents_when_there_is_no_folder_then_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no such folder"):
        upload.contents(tmp_path / "nowhere", [])
