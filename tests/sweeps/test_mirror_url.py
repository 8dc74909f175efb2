"""A database that cannot be used: one message, exit code 2, and the password in none of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sweeps.errors import ConfigError
from sweeps.search.mirror_storage import Database
from sweeps.search.mirror_url import DatabaseUrl
from tests.sweeps.mirror_world import execute, mirrored, sweep_of, tables, write_log
from tests.sweeps.test_cli_errors import refused

SECRET = "hunter2"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that has ended, in the current directory."""
    monkeypatch.chdir(tmp_path)
    return write_log(tmp_path / "run", sweep_of()[1])


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that takes a connection and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


URLS = {
    "a file": ("studies.db", "must read sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE, got a text"),
    "nothing": ("", "got a text without DIALECT://"),
    "a misspelt scheme": (f"postgresql:/me:{SECRET}@host/db", "got a text without DIALECT://"),
    "a port of letters": (f"postgresql://me:{SECRET}@host:port/db", "got postgresql://..."),
    "a port in the password's place": (f"postgresql://me:{SECRET}/db", "got postgresql://..."),
    "another @ in the password": (f"postgresql://me:p@ss{SECRET}@host/db", "write %40 for @ and %2F for /"),
    "@ and / in the password": (f"postgresql://me:p@ss/{SECRET}@host/db", "write %40 for @ and %2F for /"),
    "/ in the user": (f"postgresql://m/e:{SECRET}@host/db", "write %40 for @ and %2F for /"),
    "an unknown database": (f"dbase://me:{SECRET}@host/db", "SQLAlchemy knows no database 'dbase'"),
    "an unknown driver": (f"postgresql+nodriver://me:{SECRET}@host/db", "knows no database 'postgresql+nodriver'"),
    "an asynchronous driver": (f"postgresql+psycopg_async://me:{SECRET}@host/db", "is an asynchronous driver"),
    "memory": ("sqlite://", "sqlite:// is a database in memory, which ends with this command; name a file"),
    "memory by name": ("sqlite:///:memory:", "is a database in memory"),
    "memory by URI": ("sqlite:///file::memory:?cache=shared&uri=true", "is a database in memory"),
    "memory by mode": ("sqlite:///file:x?mode=memory&uri=true", "is a database in memory"),
    "no such folder": ("sqlite:///nowhere/x.db", "/nowhere/x.db cannot be opened: unable to open database"),
    "no database": ("sqlite:///run/events.jsonl", "file is not a database"),
    "a folder": ("sqlite:///run", "cannot be opened: unable to open database file"),
    "nobody there": (f"postgresql://me:{SECRET}@127.0.0.1:1/db", "URL: postgresql://me:***@127.0.0.1:1/db cannot be "),
    "no such host": (f"postgresql://me:{SECRET}@nowhere.invalid/db", "nowhere.invalid"),
    "a password in the query": (f"postgresql://127.0.0.1:1/db?user=me&password={SECRET}", "cannot be opened: "),
    "a wrong option": (f"postgresql://me:{SECRET}@127.0.0.1:1/db?sslmode={SECRET}", "cannot be opened: "),
    "an unknown option": (f"postgresql://me@127.0.0.1:1/db?pasword={SECRET}", "cannot be opened: "),
    "braces in the password": (f"postgresql://me:{{{SECRET}}}@127.0.0.1:1/db", "me:***@127.0.0.1:1/db cannot be "),
    "a brace in the password": (f"postgresql://me:{{{SECRET}@127.0.0.1:1/db", "me:***@127.0.0.1:1/db cannot be "),
    "a lone surrogate": (f"postgresql://me:{SECRET}@127.0.0.1:1/\udcff", "got postgresql://..."),
}  # fmt: skip


@pytest.mark.parametrize("kind", URLS)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(
    kind: str, run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, message = URLS[kind]
    before = sorted(path.name for path in run.parent.rglob("*") if path.suffix != ".lock")
    said = refused(capsys, monkeypatch, "mirror", str(run), url)
    assert message in said
    assert said.startswith("capsweep: URL: ")
    assert said.count("\n") == 1
    assert SECRET not in said
    assert sorted(path.name for path in run.parent.rglob("*") if path.suffix != ".lock") == before


def test_a_driver_that_is_not_installed_is_named(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_spec("MySQLdb") is None
    said = refused(capsys, monkeypatch, "mirror", str(run), f"mysql://me:{SECRET}@host/db")
    assert "the driver of mysql is not installed (No module named 'MySQLdb'); install it\n" in said
    assert SECRET not in said
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    said = refused(capsys, monkeypatch, "mirror", str(run), f"postgresql://me:{SECRET}@host/db")
    assert "the driver of postgresql is not installed" in said
    assert "install it: pip install 'capsweep[postgres]'\n" in said


def test_run_and_url_in_each_others_place_are_refused_without_the_password(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refused(capsys, monkeypatch, "mirror", f"postgresql://me:{SECRET}@host/db", str(run))
    assert "URL: must read" in said
    assert SECRET not in said


def test_a_run_that_is_none_leaves_no_database(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "missing: no run here" in refused(capsys, monkeypatch, "mirror", "missing", "sqlite:///x.db")
    assert not (run.parent / "x.db").exists()


def test_a_wrong_password_is_not_repeated(
    run: Path, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(database).set(password=f"{SECRET} é/@{{0}}%").render_as_string(hide_password=False)
    said = refused(capsys, monkeypatch, "mirror", str(run), url)
    assert 'password authentication failed for user "tester"' in said
    assert SECRET not in said
    assert said.startswith("capsweep: URL: postgresql+psycopg://tester:***@127.0.0.1:")


def test_a_password_of_any_letters_opens_the_database(run: Path, database: str) -> None:
    odd = "a{b}%é/@: '\"\\?#&"
    execute(database, "DROP ROLE IF EXISTS odd")
    execute(
        database, "CREATE ROLE odd LOGIN SUPERUSER PASSWORD " + "'" + odd.replace("'", "''").replace(":", "\\:") + "'"
    )
    url = make_url(database).set(username="odd", password=odd).render_as_string(hide_password=False)
    assert mirrored(run, url) == 16


def test_a_server_that_never_answers_is_given_up(run: Path, silent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.search.mirror_storage._SECONDS_TO_CONNECT", 2)
    with pytest.raises(ConfigError, match=r"cannot be opened: .*timeout"):
        Database(DatabaseUrl.parse(f"postgresql://me:{SECRET}@127.0.0.1:{silent}/db"))


def test_a_database_that_may_only_be_read_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, events = sweep_of()
    write_log(run, events[:30])
    mirrored(run, "sqlite:///x.db")
    before = tables("sqlite:///x.db")
    write_log(run, events)
    said = refused(capsys, monkeypatch, "mirror", str(run), "sqlite:///file:x.db?mode=ro&uri=true")
    assert "attempt to write a readonly database; once that is mended, the same command goes on" in said
    assert tables("sqlite:///x.db") == before


def test_a_role_that_may_only_read_is_refused(
    run: Path, database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(database, "DROP ROLE IF EXISTS reader", f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'")
    execute(database, "GRANT USAGE ON SCHEMA public TO reader")
    url = make_url(database).set(username="reader", password=SECRET).render_as_string(hide_password=False)
    said = refused(capsys, monkeypatch, "mirror", str(run), url)
    assert "permission denied for schema public" in said
    assert SECRET not in said
    execute(database, "REVOKE USAGE ON SCHEMA public FROM reader")


def test_a_database_of_another_optuna_is_refused(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored(run, "sqlite:///x.db")
    execute("sqlite:///x.db", "UPDATE alembic_version SET version_num = 'v3.0.0.a'")
    before = tables("sqlite:///x.db")
    said = refused(capsys, monkeypatch, "mirror", str(run), "sqlite:///x.db")
    assert "optuna storage upgrade" in said
    assert tables("sqlite:///x.db") == before


def test_one_database_is_known_by_every_url_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parse = DatabaseUrl.parse
    same = [
        "postgresql://me:a@host:5/db",
        "postgresql+psycopg://you:b@host:5/db?connect_timeout=3",
    ]
    assert len({parse(url).identity for url in same}) == 1
    assert (
        len({parse(url).identity for url in (f"sqlite:///{tmp_path}/x.db", "sqlite:///x.db", "sqlite:///./x.db")}) == 1
    )
    others = ["postgresql://me@host:6/db", "postgresql://me@other:5/db", "postgresql://me@host:5/dc", "sqlite:///x.db"]
    others.append("postgresql://me@/db?host=/run/a")
    others.append("postgresql://me@/db?host=/run/b")
    assert len({parse(url).identity for url in (*same, *others)}) == 1 + len(others)


def test_an_unwritable_run_directory_is_one_message(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", _no_locks(os.open))
    said = refused(capsys, monkeypatch, "mirror", str(run), "sqlite:///x.db")
    assert said == f"capsweep: {run}/mirror.lock: Read-only file system\n"


def _no_locks(original):  # type: ignore[no-untyped-def]
    import errno

    def call(path, *args, **kwargs):  # type: ignore[no-untyped-def]
        if str(path).endswith(".lock"):
            raise OSError(errno.EROFS, "Read-only file system", str(Path(path).with_name("mirror.lock")))
        return original(path, *args, **kwargs)

    return call
