"""Tells a trial that ran out of memory from one that is wrong: the first may fit once nothing else is on its device."""

from __future__ import annotations

from sweeps.records import TrialFailed

# Python's and NumPy's, TensorFlow's, PyTorch's. JAX raises the same type for everything, and says so in words.
_TYPES = {"MemoryError", "_ArrayMemoryError", "ResourceExhaustedError", "OutOfMemoryError"}
_WORDS = ("resource_exhausted", "out of memory")


def is_out_of_memory(event: TrialFailed) -> bool:
    """Whether a trial failed because memory was short, on the host or on a GPU."""
    return event.error in _TYPES or any(words in event.message.lower() for words in _WORDS)
