"""The errors of the machine; the whole family is drawn in `search_spaces.errors`."""

from __future__ import annotations

from search_spaces.errors import CapsweepError


class ConfigError(CapsweepError, ValueError):
    """A sweep file or a command line option that breaks a rule."""


class DataError(CapsweepError, ValueError):
    """A data set that cannot be found, read or used as asked."""


class RunError(CapsweepError, RuntimeError):
    """A run directory that is missing, taken, damaged or of a newer schema."""


class WorkerError(CapsweepError, RuntimeError):
    """Workers that this machine or cluster cannot provide, or that cannot train what was asked."""


class SweepHaltedError(CapsweepError, RuntimeError):
    """A sweep that stopped itself, for a reason that a person has to see to; it can be resumed."""


class SweepStoppedError(CapsweepError, RuntimeError):
    """A sweep that was asked to stop, and did in good order; it can be resumed."""
