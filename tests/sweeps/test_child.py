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

def interrupt_oneself(how):
    if how == "signal":
        os.kill(os.getpid(), 2)
        return "not heard"
    raise {"raise": KeyboardInterrupt, "exit": SystemExit, "generator": GeneratorExit}[how]("planted")

def die(code):
    print("first line", flush=True)
    os.write(2, b"the last words\\xff\\n")
    os._exit(code)

def die_silently():
    os._exit(3)

def be_killed():
    print("2026-11-25 10:00:00.123456: E external/local_xla/cuda_dnn.cc:9261] Unable to register cuDNN factory")
    print("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR")
    print("I0000 00:00:1732541234.123456    4242 port.cc:153] oneDNN custom operations are on.", flush=True)
    print("2026-11-25 10:00:01.123456: F tensorflow/core/platform/x.cc:1] Check failed: planted", flush=True)
    os.kill(os.getpid(), 9)
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


@pytest.mark.parametrize(
    ("how", "error"), [("raise", "KeyboardInterrupt"), ("exit", "SystemExit"), ("generator", "GeneratorExit")]
)
def test_what_would_end_the_caller_is_an_error_that_names_the_function(functions: str, how: str, error: str) -> None:
    with pytest.raises(WorkerError, match=f"{functions}:interrupt_oneself: .* has raised {error}: planted"):
        run_in_child(f"{functions}:interrupt_oneself", how)


def test_an_interrupt_is_left_to_the_caller(functions: str) -> None:
    assert run_in_child(f"{functions}:interrupt_oneself", "signal") == "not heard"


def test_a_child_that_dies_leaves_its_last_words(functions: str) -> None:
    message = r"the process that runs .*:die died, exit code 9: first line the last words.$"
    with pytest.raises(WorkerError, match=message):
        run_in_child(f"{functions}:die", 9)


def test_a_child_that_dies_without_a_word(functions: str) -> None:
    with pytest.raises(WorkerError, match="die_silently died, exit code 3: it printed nothing"):
        run_in_child(f"{functions}:die_silently")


def test_of_a_backends_log_only_what_killed_the_child_is_told_by_the_error_of_the_callers_choice(
    functions: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        run_in_child(f"{functions}:be_killed", on_death=lambda words: ConfigError(f"key: {words}"))
    fatal = "2026-11-25 10:00:01.123456: F tensorflow/core/platform/x.cc:1] Check failed: planted"
    assert str(caught.value) == f"key: by SIGKILL: {fatal}"


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
