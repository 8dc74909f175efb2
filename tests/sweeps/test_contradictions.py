"""Sweep files that cannot be meant: each is refused by name before anything is started or written."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces import SpaceError
from sweeps.cli.options import configure
from sweeps.config import SweepConfig
from sweeps.errors import ConfigError
from sweeps.search import Search
from tests.sweeps.sweep_files import BREAKERS, Document, good


def opened(folder: Path, document: Document) -> SweepConfig:
    """The sweep of a file, as every command reads it before it does anything."""
    file = folder / "sweep.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    config = configure(str(file), workers=None, gpus=None, dataset=None, changes=None)
    Search(config)
    return config


@given(good())
def test_a_good_file_is_read(document: Document) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert opened(Path(folder), document).arms


@pytest.mark.parametrize("kind", BREAKERS)
@settings(max_examples=10)
@given(data=st.data())
def test_a_mistake_in_any_good_file_is_refused_by_its_key(kind: str, data: st.DataObject) -> None:
    broken, keys = data.draw(st.composite(lambda draw: BREAKERS[kind](draw, draw(good())))())
    _assert_refused(broken, keys)


@settings(max_examples=150)
@given(document=good(), names=st.lists(st.sampled_from(sorted(BREAKERS)), min_size=2, max_size=4), data=st.data())
def test_mistakes_upon_mistakes_end_in_no_other_error(
    document: Document, names: list[str], data: st.DataObject
) -> None:
    for name in names:
        try:
            document, _ = data.draw(st.composite(lambda draw, name=name, now=document: BREAKERS[name](draw, now))())
        except (AttributeError, KeyError, TypeError):  # the mistake before it has left no room for this one
            continue
    # The last mistake may have mended the one before it: any other exception fails the test.
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(ConfigError, SpaceError):
        opened(Path(folder), document)


def _assert_refused(document: Document, keys: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with pytest.raises((ConfigError, SpaceError)) as caught:
            opened(Path(folder), document)
        assert type(caught.value) in (ConfigError, SpaceError)
        for line in str(caught.value).splitlines():
            assert any(f"{key}:" in line or f"{key} " in line or line.endswith(key) for key in keys), (line, keys)
            assert not _pydantic(line), line
        assert [path.name for path in Path(folder).iterdir()] == ["sweep.yaml"]


def _pydantic(line: str) -> list[str]:
    return [word for word in ("Input should", "input should", "valid ", "instance of", "Value error") if word in line]
