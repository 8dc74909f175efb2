"""Decides without Optuna: the phases after the search, whose trials are all known before they begin.

`plan` chooses the champions and freezes what will be claimed of them; `specs` lists the trials of each phase; `source`
has them trained, and in `confirm` tested; `agenda` says what is still to come.
"""

from sweeps.phases.agenda import of_phase, plan_due, source_of, trials_of, unfinished
from sweeps.phases.plan import champions_of
from sweeps.phases.source import FixedPlan

__all__ = ["FixedPlan", "champions_of", "of_phase", "plan_due", "source_of", "trials_of", "unfinished"]
