"""Users' functions by name: a file of the current directory that is not the one imported is never passed over."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from sweeps.errors import ConfigError
from sweeps.functions import check_not_hidden


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(file: Path, text: str = "def f(): pass") -> str:
    file.parent.mkdir(exist_ok=True, parents=True)
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("file", "module"),
    [
        ("reports.py", "reports"),
        ("reports/mine.py", "reports.mine"),
        ("email/__init__.py", "email"),
        ("yaml.py", "yaml"),
        ("email/mine/__init__.py", "email.mine"),
    ],
)
def test_a_hidden_file_is_named_with_the_one_that_hides_it(here: Path, file: str, module: str) -> None:
    own = write(here / file)
    spec = importlib.util.find_spec(module.partition(".")[0])
    assert spec is not None
    with pytest.raises(ConfigError) as caught:
        check_not_hidden(f"{module}:f", key="model.build")
    rule = f"model.build: '{module}:f' must be in a module that no other hides, got {own}, hidden by {spec.origin}"
    assert str(caught.value) == f"{rule}; rename the first"


def test_a_module_of_python_without_a_file_hides_one_too(here: Path) -> None:
    own = write(here / "sys.py")
    with pytest.raises(ConfigError, match=f"got {own}, hidden by one of Python; rename the first"):
        check_not_hidden("sys:f", key="model.build")


def test_what_hides_nothing_passes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(here))
    write(here / "functions_alone.py")
    write(here / "functions_folder" / "inside.py")
    write(here / "reports" / "page.html")
    write(here / "functions_copy.py")
    monkeypatch.syspath_prepend(str(here / "elsewhere"))
    write(here / "elsewhere" / "functions_copy.py")
    for path in ("functions_alone", "functions_folder.inside", "reports.page", "functions_copy", "nowhere", "__main__"):
        check_not_hidden(f"{path}:f", key="model.build")
