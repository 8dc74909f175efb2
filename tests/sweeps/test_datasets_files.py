"""MNIST as a file: what is accepted, where it is looked for, how it is downloaded."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.datasets import DataFacts, DataNotFound, download, load_dataset
from sweeps.datasets.npzfile import read_npz
from sweeps.errors import DataError

Arrays = dict[str, np.ndarray]
VARIABLE = "CAPSWEEP_MNIST"


def arrays(seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (90, 28, 28), np.uint8)
    labels = rng.permutation(np.arange(90, dtype=np.uint8) % 10)
    return {"x_train": pixels[:80], "y_train": labels[:80], "x_test": pixels[80:], "y_test": labels[80:]}


def write(path: Path, **changes: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays() | changes)
    return path


def facts(file: Path | None = None) -> DataFacts:
    return load_dataset("mnist", train=20, validation=10, split_seed=0, file=file)[1]


class Server(http.server.BaseHTTPRequestHandler):
    """Serve `content` with `status`, announcing `length` bytes, or else the bytes of `garbage` alone."""

    content, status, length, requests, garbage = b"", 200, 0, 0, b""

    def do_GET(self) -> None:
        type(self).requests += 1
        if self.garbage:
            self.wfile.write(self.garbage)
            return
        self.send_response(self.status)
        self.send_header("Content-Length", str(self.length))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Server]]:
    """A server that has a good file, and whose address and digest the package takes for the real ones."""
    content = write(tmp_path / "served" / "mnist.npz").read_bytes()
    handler = type("Handler", (Server,), {"content": content, "length": len(content)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(download, "URL", f"http://127.0.0.1:{listening.server_port}/mnist.npz")
        monkeypatch.setattr(download, "SHA256", hashlib.sha256(content).hexdigest())
        yield handler
        listening.shutdown()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, no variable, no network."""
    for variable in (VARIABLE, "KERAS_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(download, "URL", "http://127.0.0.1:9/mnist.npz")
    return tmp_path / "home"


def test_the_arrays_of_a_good_file_are_read(tmp_path: Path) -> None:
    raw = read_npz(write(tmp_path / "a.npz"), source="here")
    np.testing.assert_array_equal(raw.x, arrays()["x_train"])
    np.testing.assert_array_equal(raw.y, arrays()["y_train"])
    assert (raw.test, raw.source) == (10, "here")


@pytest.mark.parametrize("dtype", ["int8", "<u2", ">i4", "int64", "uint64"])
def test_labels_of_any_width_are_the_same_data(tmp_path: Path, dtype: str) -> None:
    wide = {name: arrays()[name].astype(dtype) for name in ("y_train", "y_test")}
    raw = read_npz(write(tmp_path / "wide.npz", **wide), source="")
    assert raw.y.dtype == np.uint8
    assert raw.digest == read_npz(write(tmp_path / "narrow.npz"), source="").digest


def test_the_digest_forgets_packing_order_and_extra_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", **dict(reversed(arrays().items())), note=np.zeros(3))
    assert read_npz(tmp_path / "b.npz", source="").digest == read_npz(write(tmp_path / "a.npz"), source="").digest


@pytest.mark.parametrize("name", list(arrays()))
def test_the_digest_sees_every_array(tmp_path: Path, name: str) -> None:
    changed = {name: np.roll(arrays()[name], 1)}
    digests = {read_npz(write(tmp_path / "a.npz", **change), source="").digest for change in ({}, changed)}
    assert len(digests) == 2


HOSTILE: dict[str, tuple[Arrays, str]] = {
    "float images": ({"x_train": arrays()["x_train"] / 255}, "x_train must be uint8 .* found float64"),
    "float test images": ({"x_test": arrays()["x_test"] / 255}, "x_test must be uint8 .* found float64"),
    "float labels": ({"y_train": arrays()["y_train"] / 1}, "y_train must be integers, found float64"),
    "truth values": ({"y_train": arrays()["y_train"] > 4}, "y_train must be integers, found bool"),
    "one hot": ({"y_train": np.eye(10, dtype=int)[arrays()["y_train"]]}, r"y_train .* shape \(n,\).* found \(80, 10\)"),
    "channels": ({"x_train": arrays()["x_train"][..., None]}, r"x_train .* \(n, 28, 28\).* found \(80, 28, 28, 1\)"),
    "flat": ({"x_train": arrays()["x_train"].reshape(80, 784)}, r"x_train .* found \(80, 784\)"),
    "no images": ({"x_test": np.zeros((0, 28, 28), np.uint8)}, r"x_test .* n at least 1, found \(0, 28, 28\)"),
    "scalar": ({"y_test": np.array(3)}, r"y_test .* found \(\)"),
    "lengths": ({"y_train": arrays()["y_train"][1:]}, "x_train and y_train .* found 80 images and 79 labels"),
    "test lengths": ({"y_test": arrays()["y_test"][1:]}, "x_test and y_test .* found 10 images and 9 labels"),
    "constant": ({"x_train": np.full((80, 28, 28), 7, np.uint8)}, "x_train .* from 0 to 255, found 7 to 7"),
    "scaled": ({"x_train": arrays()["x_train"] // 255}, "x_train .* from 0 to 255, found 0 to 1"),
    "labels to 11": ({"y_train": np.arange(80) % 12}, "y_train must have labels from 0 to 9, found 0 to 11"),
    "test labels to 11": ({"y_test": np.arange(10) + 2}, "y_test must have labels from 0 to 9, found 2 to 11"),
    "wrapping": ({"y_test": np.arange(10) + 256}, "y_test must have labels from 0 to 9, found 256 to 265"),
    "negative": ({"y_train": np.arange(80) % 10 - 1}, "y_train must have labels from 0 to 9, found -1 to 8"),
    "a label absent": ({"y_train": np.arange(80) % 9}, r"y_train must have every label from 0 to 9, lacks \[9\]"),
    "pickled": ({"x_train": np.array([object()] * 80)}, "x_train .* found pickled objects"),
    "pickled test": ({"y_test": np.array([object()] * 10)}, "y_test .* found pickled objects"),
    "Fortran": ({"x_train": np.asfortranarray(arrays()["x_train"])}, "x_train .* found Fortran order; save"),
}


class Unpicklable:
    """Says so when it is made from a pickle."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return pytest.fail, ("the pickle was loaded",)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_rule_broken_is_named_with_file_and_array(tmp_path: Path, case: str) -> None:
    changes, message = HOSTILE[case]
    with pytest.raises(DataError, match=rf"wrong\.npz: {message}"):
        read_npz(write(tmp_path / "wrong.npz", **changes), source="")


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="never loaded"):
        read_npz(write(tmp_path / "wrong.npz", x_train=np.array([Unpicklable()] * 80)), source="")


def test_missing_arrays_are_listed_with_those_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "wrong.npz", images=arrays()["x_train"], y_train=arrays()["y_train"])
    with pytest.raises(DataError, match="lacks x_train, x_test, y_test, found images, y_train"):
        read_npz(tmp_path / "wrong.npz", source="")


def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "whole.npz")
    with zipfile.ZipFile(tmp_path / "whole.npz") as whole, zipfile.ZipFile(tmp_path / "wrong.npz", "w") as wrong:
        for name in whole.namelist():
            wrong.writestr(name, whole.read(name).replace(b"(80, 28, 28)", b"(99999999999, 28, 28)", 1))
    with pytest.raises(DataError, match=r"wrong\.npz"):
        read_npz(tmp_path / "wrong.npz", source="")
    with zipfile.ZipFile(tmp_path / "whole.npz") as whole, zipfile.ZipFile(tmp_path / "wrong.npz", "w") as wrong:
        for name in whole.namelist():
            wrong.writestr(name, whole.read(name).replace(b"(80, 28, 28)", b"(90, 28, 28)", 1))
    with pytest.raises(DataError, match=r"x_train must have 70,560 bytes for its shape \(90, 28, 28\), found 62,720"):
        read_npz(tmp_path / "wrong.npz", source="")


@pytest.mark.parametrize("content", [b"", b"x_train,y_train\n1,2\n", b"PK\x03\x04 not really"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "wrong.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"wrong\.npz: must be a readable \.npz file with x_train, y_train, x_test"):
        read_npz(tmp_path / "wrong.npz", source="")


def test_a_garbled_stream_is_refused(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "wrong.npz").read_bytes())
    content[10_000:50_000] = b"\xff" * 40_000  # behind the array's header, over the start of a compressed block
    (tmp_path / "wrong.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"wrong\.npz: must be a readable"):
        read_npz(tmp_path / "wrong.npz", source="")


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wrong.npz", "w") as archive:
        for name in arrays():
            archive.writestr(f"{name}.npy", b"1,2,3")
    with pytest.raises(DataError, match=r"wrong\.npz: x_train must be an array in version 1\.0 or 2\.0"):
        read_npz(tmp_path / "wrong.npz", source="")


def test_a_header_of_absurd_length_is_refused_on_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wrong.npz", "w") as archive:
        for name in arrays():
            archive.writestr(f"{name}.npy", np.lib.format.magic(1, 0) + b"\x00\x80" + b" " * 0x8000)
    with pytest.raises(DataError, match=r"^[^\n]*Header info length \(32768\) is large[^\n]*$"):
        read_npz(tmp_path / "wrong.npz", source="")


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_reported_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    good = tmp_path / "good.npz"
    content = bytearray((good if good.exists() else write(good)).read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        # The last kilobyte is the archive's table of contents, where a changed byte does the strangest things.
        for position in data.draw(st.lists(st.integers(-1024, -1) | st.integers(0, 200), min_size=1, max_size=4)):
            content[position] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged.npz").write_bytes(content)
    try:
        found = read_npz(tmp_path / "damaged.npz", source="").digest
    except DataError as error:
        found = str(error)
    assert "damaged.npz" in found or found == read_npz(good, source="").digest


def test_the_search_goes_file_variable_cache_network(
    tmp_path: Path, home: Path, server: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = home / ".keras" / "datasets" / "mnist.npz"
    assert facts().source == f"downloaded: {cache}"
    assert facts().source == f"Keras' cache: {cache}"
    named = write(tmp_path / "named.npz")
    monkeypatch.setenv(VARIABLE, str(named))
    assert facts().source == f"$CAPSWEEP_MNIST: {named}"
    given_file = write(tmp_path / "given.npz")
    assert facts(given_file).source == f"file given: {given_file}"
    assert server.requests == 1


def test_the_cache_is_where_keras_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = write(tmp_path / "elsewhere" / "datasets" / "mnist.npz")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "elsewhere"))
    assert facts().source == f"Keras' cache: {cache}"


def test_an_empty_variable_names_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".keras" / "datasets" / "mnist.npz")
    monkeypatch.setenv(VARIABLE, "")
    assert facts().source.startswith("Keras' cache")


def test_a_named_file_may_start_with_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / "mine.npz")
    monkeypatch.setenv(VARIABLE, "~/mine.npz")
    assert facts().source == f"$CAPSWEEP_MNIST: {home / 'mine.npz'}"


@pytest.mark.parametrize("wrong", ["missing.npz", "directory", "text.npz"])
def test_a_named_file_is_never_passed_over(
    tmp_path: Path, home: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home / ".keras" / "datasets" / "mnist.npz")
    (tmp_path / "directory").mkdir()
    (tmp_path / "text.npz").write_text("5 0 4 1 9")
    with pytest.raises(DataError, match=rf"^dataset\.file: .*{wrong}") as raised:
        facts(tmp_path / wrong)
    assert not isinstance(raised.value, DataNotFound)
    monkeypatch.setenv(VARIABLE, str(tmp_path / wrong))
    with pytest.raises(DataError, match=rf"\$CAPSWEEP_MNIST: .*{wrong}"):
        facts()


def test_a_broken_cache_is_named_and_kept(home: Path, server: type[Server]) -> None:
    cache = write(home / ".keras" / "datasets" / "mnist.npz")
    cache.write_bytes(cache.read_bytes()[:5000])
    with pytest.raises(DataError, match=rf"{cache}.*; delete this file to have it downloaded anew"):
        facts()
    assert (len(cache.read_bytes()), server.requests) == (5000, 0)


def test_offline_without_any_copy_says_where_it_looked_and_what_to_do(home: Path) -> None:
    with pytest.raises(DataNotFound) as raised:
        facts()
    message = str(raised.value)
    for part in (str(home / ".keras"), download.URL, "refused", "--dataset FILE.npz", "CAPSWEEP_MNIST=FILE.npz"):
        assert part in message
    assert message.startswith("dataset.name: mnist was not found: dataset.file and $CAPSWEEP_MNIST are not set")
    assert "set dataset.name to digits (--dataset digits)" in message
    assert "\n" not in message
    assert not home.exists()


def test_a_download_is_kept_byte_for_byte_and_alone(home: Path, server: type[Server]) -> None:
    facts()
    folder = home / ".keras" / "datasets"
    assert [path.name for path in folder.iterdir()] == ["mnist.npz"]
    assert (folder / "mnist.npz").read_bytes() == server.content


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"content": b"<html>Please log in", "length": 19}, "19 bytes of sha256 .* must be"),
        ({"content": b"PK", "length": 1000}, "2 bytes of sha256"),
        ({"content": b"", "length": 0, "status": 404}, "404"),
        ({"garbage": b"220 ready for mail\r\n"}, "220 ready for mail"),
    ],
)
def test_a_failed_download_leaves_nothing(
    home: Path, server: type[Server], answer: dict[str, bytes | int], reason: str
) -> None:
    for name, value in answer.items():
        setattr(server, name, value)
    with pytest.raises(DataNotFound, match=reason):
        facts()
    assert not home.exists()


def test_a_write_that_fails_leaves_nothing(home: Path, server: type[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        assert source.read_bytes() == server.content
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(DataNotFound, match="no space left"):
        facts()
    assert list((home / ".keras" / "datasets").iterdir()) == []


def test_a_cache_that_cannot_be_made_is_a_reason(home: Path, server: type[Server]) -> None:
    home.write_text("not a directory")
    with pytest.raises(DataNotFound, match="Not a directory"):
        facts()


def test_a_download_within_a_download_disturbs_neither(
    home: Path, server: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, target = os.replace, home / "mnist.npz"

    def replace_after_another(source: Path, destination: Path) -> None:
        monkeypatch.setattr("os.replace", replace)
        download.download(destination)
        replace(source, destination)

    monkeypatch.setattr("os.replace", replace_after_another)
    download.download(target)
    assert (server.requests, list(home.iterdir())) == (2, [target])
    assert target.read_bytes() == server.content


def test_processes_at_once_all_end_with_the_good_file(home: Path, server: type[Server]) -> None:
    code = (
        "import sys, pathlib; from sweeps.datasets import download;"
        "download.URL, download.SHA256 = sys.argv[1:3];"
        "[download.download(pathlib.Path(sys.argv[3])) for _ in range(5)]"
    )
    target = home / "mnist.npz"
    command = [sys.executable, "-c", code, download.URL, download.SHA256, str(target)]
    running = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    assert target.read_bytes() == server.content
    assert list(home.iterdir()) == [target]
