"""Decides what to train and what to stop: the only part of the machine that imports Optuna.

`Search` spends the budget of every arm; an `Arm` is one Optuna study, lived in memory and rebuilt from the log;
`settings` knows the names and settings that a sweep file may use.
"""

from sweeps.search.search import Search

__all__ = ["Search"]
