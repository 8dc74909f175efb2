"""Pictures without a library: what is written is a PNG of the right pixels."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

from reports.images import overlaid, picture, resized


def decoded(source: str) -> Any:
    """The pixels of a data URI, read back by the specification."""
    payload = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    assert payload.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", payload[16:26])
    start, parts = 8, {}
    while start < len(payload):
        length, kind = struct.unpack(">I4s", payload[start : start + 8])
        body = payload[start + 8 : start + 8 + length]
        assert struct.unpack(">I", payload[start + 8 + length : start + 12 + length])[0] == zlib.crc32(kind + body)
        parts[kind] = body
        start += 12 + length
    channels = 3 if colour == 2 else 1
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + width * channels)
    assert depth == 8
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels)


def test_grey_values_come_back() -> None:
    drawn = decoded(picture(np.array([[0.0, 0.5], [1.0, 2.0]]), alt="a", label="b").source)
    assert drawn[..., 0].tolist() == [[0, 128], [255, 255]]


def test_colours_come_back_enlarged() -> None:
    values = np.zeros((1, 2, 3))
    values[0, 1] = [1.0, 0.0, 0.2]
    drawn = decoded(picture(values, alt="a", label="b", enlarge=2).source)
    assert drawn.shape == (2, 4, 3)
    assert drawn[1, 3].tolist() == [255, 0, 51]
    assert drawn[0, 1].tolist() == [0, 0, 0]


def test_the_heaviest_cell_is_orange_and_the_lightest_shows_the_image() -> None:
    drawn = overlaid(np.array([[1.0, 1.0]]), np.array([[0.0, 4.0]]))
    assert drawn[0, 1].tolist() == [1.0, 0.55, 0.0]
    assert drawn[0, 0].tolist() == [0.75, 0.75, 0.75]


def test_a_grid_is_resized_to_its_nearest_values() -> None:
    assert resized(np.array([[1, 2], [3, 4]]), 4, 2).tolist() == [[1, 2], [1, 2], [3, 4], [3, 4]]
