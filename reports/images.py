"""Small pictures as data URIs that a page can hold: PNG by its specification, which takes no library."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Picture:
    """One picture with its words.

    Attributes:
        source: A data URI.
        alt: What is seen, for those who do not see it.
        label: Under it.
    """

    source: str
    alt: str
    label: str


def picture(values: npt.NDArray[Any], *, alt: str, label: str, enlarge: int = 1) -> Picture:
    """Draw grey values, (height, width), 0 black and 1 white, or colours, (height, width, 3).

    Source: Portable Network Graphics (PNG) Specification, W3C (2003): 8 bits, colour type 0 or 2, filter 0.
    """
    pixels = np.clip(np.asarray(values, dtype=np.float64) * 255, 0, 255).round().astype(np.uint8)
    pixels = pixels.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(rows, 9)),
        _chunk(b"IEND", b""),
    )
    payload = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return Picture(f"data:image/png;base64,{base64.b64encode(payload).decode()}", alt, label)


def overlaid(image: npt.NDArray[Any], weights: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """An image in grey, (height, width) of 0 to 1, under weights of the same size in orange: the more, the stronger."""
    grey = 0.25 + 0.5 * np.repeat(np.asarray(image, np.float64)[..., None], 3, axis=2)
    share = np.clip(weights / max(float(np.max(weights)), 1e-12), 0, 1)[..., None]
    return np.asarray(grey * (1 - share) + np.array([1.0, 0.55, 0.0]) * share)


def resized(values: npt.NDArray[Any], height: int, width: int) -> npt.NDArray[Any]:
    """The nearest values on another grid."""
    rows = np.arange(height) * values.shape[0] // height
    columns = np.arange(width) * values.shape[1] // width
    return np.asarray(values[rows][:, columns])


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
