"""Functions run in a process of their own, whose death is a message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeps.child import Child, run_in_child
from sweeps.errors import ConfigError, WorkerError

FUNCTIONS = """
import os, sys
from sweeps.errors import ConfigError

def surroundings(*names, extra):
    print("noise")
    return [os.environ.get(name) for name in names] + [extra, os.getpid(), "keras" in sys.modules]

def refuse():
    raise ConfigError("model.build: not this one")

def die(code):
    print("first line", flush=True)
    os.write(2, b"the last words\\xff\\n")
    os._exit(code)

def die_silently():
    os._exit(3)
"""


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "childs_functions.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "childs_functions"


def test_the_child_has_one_thread_no_gpu_and_our_modules(
    functions: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    before = dict(os.environ)
    found = run_in_child(f"{functions}:surroundings", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", extra={"a": 1})
    assert found[:3] == ["", "1", {"a": 1}]
    assert found[3] != os.getpid()
    assert found[4] is False
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")


def test_what_the_function_raises_is_raised_here(functions: str) -> None:
    with pytest.raises(ConfigError, match=r"^model\.build: not this one$"):
        run_in_child(f"{functions}:refuse")
    with pytest.raises(ModuleNotFoundError):
        run_in_child("no_such_module:f")


def test_a_child_that_dies_leaves_its_last_words(functions: str) -> None:
    with pytest.raises(WorkerError, match=r"the process that runs .*:die died: first line the last words.$"):
        run_in_child(f"{functions}:die", 9)


def test_a_child_that_dies_without_a_word(functions: str) -> None:
    with pytest.raises(WorkerError, match="die_silently died: it printed nothing"):
        run_in_child(f"{functions}:die_silently")


SLOW = """
import os, pathlib, threading
pathlib.Path(os.environ["CAPSWEEP_TEST_MARK"]).write_text(str(os.getpid()))
threading.Event().wait()
"""


def test_nobody_waits_for_what_a_child_imports_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, functions: str
) -> None:
    (tmp_path / "childs_slow_import.py").write_text(SLOW)
    monkeypatch.setenv("CAPSWEEP_TEST_MARK", str(tmp_path / "pid"))
    with pytest.raises(ConfigError, match="found meanwhile"), Child("childs_slow_import:f"):
        raise ConfigError("found meanwhile")
    with Child(f"{functions}:surroundings") as child:
        pid = child.call("PATH", extra=1)[2]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
