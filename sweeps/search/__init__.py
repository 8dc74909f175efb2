"""Decides what to train and what to stop: the only part of the machine that imports Optuna.

`Search` spends the budget of every arm, kept equal by `budget`; an `Arm` is one Optuna study, lived in memory and
rebuilt from the log, that `verdict` feeds with epochs; `proposals` chooses its params, through `draw` from a sampler or
else from points, a cohort or a plan. `samplers`, `pruners` and `settings` know the names that a sweep file may use, and
`advise` says which of them will be in vain.
"""

from sweeps.search.advice import advise
from sweeps.search.search import Search

__all__ = ["Search", "advise"]
