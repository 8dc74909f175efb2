"""The root of every error that a user can cause, at the bottom of the dependency graph.

::

    CapsweepError
    ├── SpaceError (ValueError)        search_spaces: a space or params that break its rules
    ├── ConfigError (ValueError)       sweeps.errors: a sweep file or an option
    ├── DataError (ValueError)         sweeps.errors: a data set that is missing or wrong
    ├── RunError (RuntimeError)        sweeps.errors: a run directory or its log
    └── WorkerError (RuntimeError)     sweeps.errors: workers that cannot be had or cannot train

The command line prints the message of any of them on one line and exits with code 2; everything else is our bug
and shows a traceback.
"""

from __future__ import annotations


class CapsweepError(Exception):
    """Something a user can mend: the message names the argument, the rule, the value and the fix."""


class SpaceError(CapsweepError, ValueError):
    """A search space, or params checked against it, that break a rule."""
