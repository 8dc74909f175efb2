"""The run directory: its lock, and a log that no crash, full disk or second writer can damage."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sweeps.codec import to_line
from sweeps.errors import RunError
from sweeps.records import AnyEvent, Audited, SweepEnded, SweepStarted, TrialEnded
from sweeps.runlog import RunDirectory, RunLog, append, read_events, write_whole

HOLD = """
import sys
from pathlib import Path
from sweeps.runlog import RunDirectory, RunLog
log = RunLog.open(RunDirectory(Path(sys.argv[1])))
print("held", flush=True)
sys.stdin.read()
"""
APPEND = """
import sys
from pathlib import Path
from sweeps.records import Audited
from sweeps.runlog import RunDirectory, append
for index in range(int(sys.argv[3])):
    append(RunDirectory(Path(sys.argv[1])), Audited(action=sys.argv[2], detail=f"{index} " + "x" * 9000))
"""


def header(**changes: Any) -> SweepStarted:
    fields: dict[str, Any] = {"sweep": "0", "name": "n", "config": {}, "config_digest": "", "data": {}, "versions": {}}
    return SweepStarted(**{**fields, "commit": None, "dirty": None, **changes})


def ended(number: int = 0) -> TrialEnded:
    return TrialEnded(
        number=number,
        attempt=1,
        state="complete",
        value=0.5,
        epochs=1,
        step=1,
        last={"a": 0.5},
        best_value=0.5,
        best_epoch=0,
    )


def note(detail: str) -> Audited:
    return Audited(action="test", detail=detail)


def events(directory: RunDirectory, *, offset: int = 0) -> list[AnyEvent]:
    return [event for event, _ in read_events(directory, offset=offset)]


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    """A run with a header and two events."""
    directory = RunDirectory(tmp_path / "run")
    log = RunLog.create(directory)
    for event in (header(), note("größer"), ended()):
        log.append(event)
    log.close()
    return directory


def test_every_path_lies_in_the_run_directory(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    names = [directory.events, directory.lock, directory.artifacts, directory.report, directory.best]
    assert [path.relative_to(tmp_path).as_posix() for path in names] == [
        "events.jsonl",
        "lock",
        "artifacts",
        "report.html",
        "best",
    ]


def test_what_is_appended_is_read_back_in_order_and_shown_after_it_was_written(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "a" / "b" / "run")
    shown: list[tuple[AnyEvent, list[AnyEvent]]] = []
    log = RunLog.create(directory, on_event=lambda event: shown.append((event, events(directory))))
    written = [header(), note("x"), ended()]
    for event in written:
        log.append(event)
    log.close()
    assert events(directory) == written
    assert [event for event, _ in shown] == written
    assert [read for _, read in shown] == [written[:1], written[:2], written]
    assert directory.artifacts.is_dir()


def test_reading_goes_on_from_an_offset(directory: RunDirectory) -> None:
    found = list(read_events(directory))
    assert found[-1][1] == directory.events.stat().st_size
    for index, (_, offset) in enumerate(found):
        assert list(read_events(directory, offset=offset)) == found[index + 1 :]
    assert events(directory, offset=found[-1][1] + 100) == []


def test_a_torn_tail_is_unread_and_cut_off_wherever_the_crash_came(directory: RunDirectory) -> None:
    whole = directory.events.read_bytes()
    before = events(directory)[:-1]
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole)):
        directory.events.write_bytes(whole[:end])
        assert events(directory) == before
        event = note(f"after {end}")
        append(directory, event)
        assert directory.events.read_bytes() == whole[:start] + to_line(event)
        assert events(directory) == [*before, event]


@pytest.mark.parametrize("torn", [1, 65535, 65536, 65537, 131072, 200_000])
@pytest.mark.parametrize("lines", [0, 1])
def test_a_torn_tail_of_any_length_is_cut_off(directory: RunDirectory, torn: int, lines: int) -> None:
    first = directory.events.read_bytes().splitlines(keepends=True)[:lines]
    directory.events.write_bytes(b"".join(first) + b"x" * torn)
    event = note("next")
    append(directory, event)
    assert directory.events.read_bytes() == b"".join(first) + to_line(event)


def test_a_whole_line_is_never_cut(directory: RunDirectory) -> None:
    before = directory.events.read_bytes()
    append(directory, note("x"))
    assert directory.events.read_bytes().startswith(before)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("damage", [b"garbage\n", b"\n", b'{"event":"trial_paused"}\n', b"\x00\x00\n"])
def test_a_damaged_line_is_named_with_its_byte(directory: RunDirectory, position: int, damage: bytes) -> None:
    lines = directory.events.read_bytes().splitlines(keepends=True)
    byte = sum(map(len, lines[:position]))
    lines[position] = damage
    directory.events.write_bytes(b"".join(lines))
    found: list[AnyEvent] = []
    with pytest.raises(RunError) as caught:
        found.extend(event for event, _ in read_events(directory))
    assert str(caught.value).startswith(f"{directory.events}: byte {byte}: no event of schema 5: ")
    with pytest.raises(RunError, match=f"byte {byte}:"):
        events(directory, offset=byte)


def test_a_log_of_a_newer_schema_is_refused(directory: RunDirectory) -> None:
    text = directory.events.read_text("utf-8").replace('"schema":5', '"schema":6')
    directory.events.write_text(text, "utf-8")
    with pytest.raises(RunError, match=r"events\.jsonl: byte 0: written by a newer capsweep \(schema 6, .* up to 5"):
        events(directory)


def test_a_second_driver_is_refused_while_the_first_lives(directory: RunDirectory) -> None:
    log = RunLog.open(directory)
    assert directory.is_driven()
    with pytest.raises(
        RunError, match="another driver is running this sweep; wait for it, stop it first, or take"
    ) as caught:
        RunLog.open(directory)
    assert str(directory.path) in str(caught.value)
    append(directory, note("an export may still note that it happened"))
    log.append(note("and the driver goes on"))
    log.close()
    assert not directory.is_driven()
    RunLog.open(directory).close()


def test_the_maker_of_a_run_holds_it(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "run")
    log = RunLog.create(directory)
    log.append(header())
    with pytest.raises(RunError, match="another driver"):
        RunLog.open(directory)
    log.close()


def test_the_lock_of_another_process_is_seen_and_goes_when_it_is_killed(directory: RunDirectory) -> None:
    command = [sys.executable, "-c", HOLD, str(directory.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        try:
            assert driver.stdout.readline() == "held\n"
            assert directory.is_driven()
            with pytest.raises(RunError, match="another driver is running this sweep"):
                RunLog.open(directory)
        finally:
            driver.send_signal(signal.SIGKILL)
        driver.wait()
    assert not directory.is_driven()
    RunLog.open(directory).close()


def test_a_lock_is_not_inherited_by_the_programs_a_driver_starts(directory: RunDirectory) -> None:
    log = RunLog.open(directory)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        log.close()
        try:
            assert not directory.is_driven()
        finally:
            assert child.stdin is not None
            child.stdin.close()
            child.wait()


def test_a_run_that_may_only_be_read_still_says_whether_it_is_driven(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog.open(directory)
    opened = os.open

    def read_only(path: Any, flags: int, *rest: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    assert directory.is_driven()
    monkeypatch.undo()
    log.close()


def test_a_directory_without_a_lock_is_not_driven(tmp_path: Path) -> None:
    assert not RunDirectory(tmp_path).is_driven()
    assert list(tmp_path.iterdir()) == []


def test_appends_of_several_processes_never_mix(directory: RunDirectory) -> None:
    before, count = len(events(directory)), 60
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(directory.path), name, str(count)]) for name in ("a", "b")
    ]
    for _ in range(count):
        append(directory, Audited(action="c", detail="0 short"))
    assert [writer.wait() for writer in writers] == [0, 0]
    found = [event for event in events(directory)[before:] if isinstance(event, Audited)]
    assert len(found) == 3 * count
    for name in ("a", "b"):
        order = [int(event.detail.split()[0]) for event in found if event.action == name]
        assert order == list(range(count))


@pytest.mark.parametrize("part", [0, 1, 30])
def test_a_disk_that_takes_a_part_of_a_line_leaves_the_log_as_it_was(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    before, write = directory.events.read_bytes(), os.write
    log = RunLog.open(directory, on_event=lambda event: pytest.fail("an event that was not written was shown"))
    monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:part]))
    with pytest.raises(OSError, match="No space left on device") as caught:
        log.append(note("x"))
    assert caught.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert directory.events.read_bytes() == before
    log.close()
    append(directory, note("room again"))
    assert len(events(directory)) == 4


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_a_disk_that_fails_leaves_the_log_as_it_was(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    before = directory.events.read_bytes()

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="Input/output error"):
        append(directory, ended(1))
    monkeypatch.undo()
    assert directory.events.read_bytes() == before


def test_a_header_and_a_trials_end_are_on_the_disk_when_append_returns(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda handle: sizes.append(os.fstat(handle).st_size))
    append(directory, header())
    assert sizes == [directory.events.stat().st_size]
    append(directory, note("x"))
    append(directory, SweepEnded(reason="x"))
    assert len(sizes) == 1
    append(directory, ended(1))
    assert sizes[1:] == [directory.events.stat().st_size]


def test_a_file_is_written_beside_its_place_and_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    replace = Path.replace

    def watch(path: Path, target: Path) -> Path:
        seen.append([(target.exists() and target.read_text()) or "", path.read_text(), str(path.parent)])
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", watch)
    write_whole(tmp_path / "new" / "page.html", b"one")
    write_whole(tmp_path / "new" / "page.html", b"two")
    folder = str(tmp_path / "new")
    assert seen == [["", "one", folder], ["one", "two", folder]]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path / "gone")
    for attempt in (directory.check_exists, lambda: RunLog.open(directory), lambda: events(directory)):
        with pytest.raises(RunError, match=r"gone: no run here \(there is no events\.jsonl\); `capsweep launch` makes"):
            attempt()
    assert not directory.path.exists()
    directory.events.mkdir(parents=True)
    with pytest.raises(RunError, match="no run here"):
        directory.check_exists()


def test_a_new_run_takes_a_free_place_only(directory: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other").touch()
    for path in (directory.path, tmp_path / "file", tmp_path / "full"):
        for attempt in (RunDirectory(path).check_free, lambda path=path: RunLog.create(RunDirectory(path))):
            with pytest.raises(RunError) as caught:
                attempt()
            hint = f"`capsweep resume {path}` goes on with it, " if path == directory.path else ""
            assert str(caught.value) == f"{path}: exists already; {hint}another --run-dir starts a new one"
    (tmp_path / "empty").mkdir()
    RunDirectory(tmp_path / "empty").check_free()
    RunDirectory(tmp_path / "gone").check_free()
    RunLog.create(RunDirectory(tmp_path / "empty")).close()


def test_a_new_run_needs_a_place_that_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/run: cannot be made, .*file does not let us write; choose another"):
        RunDirectory(tmp_path / "file" / "run").check_free()
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(os, "access", lambda *arguments: bool(asked.append(arguments)))
    with pytest.raises(RunError, match="run: cannot be made"):
        RunDirectory(tmp_path / "a" / "run").check_free()
    assert asked == [(tmp_path, os.W_OK | os.X_OK)]


def test_the_log_is_plain_json_lines(directory: RunDirectory) -> None:
    for line in directory.events.read_text("utf-8").splitlines():
        assert json.loads(line)["event"] in ("sweep_started", "audited", "trial_ended")


def test_looking_whether_a_run_is_driven_never_keeps_a_driver_out(directory: RunDirectory) -> None:
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            directory.is_driven()

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            for _ in range(300):
                RunLog.open(directory).close()
        finally:
            done.set()
        looking.result()
