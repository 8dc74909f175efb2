"""What tests need from the machine: real files and real programs, or an honest reason for a skip."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is slow now and then: a drawn example has no deadline. Where a change is judged, the same examples are
# drawn each time; whoever runs the tests by hand draws others.
settings.register_profile("patient", deadline=None, derandomize=bool(os.environ.get("CAPSWEEP_REQUIRE")))
settings.load_profile("patient")

# What a shell starts in the background ignores Ctrl-C, under `nohup` SIGHUP too: so would every sweep started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def need(found: bool, what: str) -> None:
    """Skip for something missing, or fail when `CAPSWEEP_REQUIRE` says that nothing may be missing."""
    if found:
        return
    if os.environ.get("CAPSWEEP_REQUIRE"):
        pytest.fail(f"needs {what}, and CAPSWEEP_REQUIRE forbids to skip")
    pytest.skip(f"needs {what}")


def _file_from(variable: str) -> Path:
    path = os.environ.get(variable, "")
    need(bool(path) and Path(path).is_file(), f"a file named by ${variable}")
    return Path(path)


@pytest.fixture(scope="session")
def mnist_file() -> Path:
    """The real MNIST, in the file layout of Keras."""
    return _file_from("CAPSWEEP_MNIST")


@pytest.fixture(scope="session")
def golden_file() -> Path:
    """Inputs, outputs and gradients of the notebook's layer."""
    return _file_from("CAPSWEEP_GOLDEN")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, with a password, which ends with the tests."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if Path("/usr/lib/postgresql").exists() else []
    found = shutil.which("initdb")
    need(bool(programs or found), "the program initdb of PostgreSQL")
    folder = programs[-1] if programs else Path(str(found)).parent
    home = Path(tempfile.mkdtemp(prefix="capsweep-pg-"))
    # The server refuses to run as root.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(home, "postgres")
    (secret := home / "secret").write_text("s3cr et/@")
    secret.chmod(0o644)
    port = free_port()

    def call(program: str, *arguments: str) -> None:
        command = [*as_user, str(folder / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home)

    data = str(home / "data")
    # Nothing here has to outlive a power cut: -N and -F write without waiting for the disk.
    call("initdb", "-N", "-D", data, "-U", "tester", "-A", "password", "--pwfile", str(secret), "-E", "UTF8")
    call("pg_ctl", "-D", data, "-w", "-l", str(home / "log"), "-o", f"-F -p {port} -k {home} -h 127.0.0.1", "start")
    try:
        yield f"postgresql+psycopg://tester:s3cr%20et%2F%40@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database(postgresql: str) -> str:
    """The URL of a database of that server, with nothing in it."""
    need(find_spec("psycopg") is not None, "the package psycopg")
    import psycopg

    with psycopg.connect(postgresql.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET lock_timeout = '20s'")  # a connection left open by the test before would hold us up
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgresql


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a headless browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    need(bool(path), "the program chromium")
    return path
