"""One study of a run, and what a database holds of it."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial

from search_spaces import SearchSpace
from sweeps.history import History, Trial
from sweeps.records import StudyCreated
from sweeps.search.mirror_trials import CONFIG, SWEEP, mirrored_study, mirrored_trial


class Copy:
    """A study and its trials, those apart that the database holds as they are and will remain.

    Args:
        study: The study.
        run: Its run, which may grow.

    Attributes:
        wanted: What the database should hold of the study itself.
        row: The study's id there.
    """

    def __init__(self, study: StudyCreated, run: History) -> None:
        self.wanted = mirrored_study(study, run)
        self.row = -1
        self._study, self._run = study, run
        self._space = SearchSpace.from_mapping(study.space)
        self._settled: set[int] = set()
        self._open: dict[int, FrozenTrial] = {}

    def objection(self, other: FrozenStudy, found: Sequence[FrozenTrial]) -> str | None:
        """Why a study of this name is no copy of ours, a whole one or the beginning of one; None if it is.

        Args:
            other: What the database holds of the study.
            found: Its trials there.
        """
        ours = {trial.spec.order: trial.spec for trial in self._trials()}
        stamp = other.user_attrs.get(SWEEP)
        if stamp != self._run.header.sweep:
            return f"it is of another sweep ({stamp or 'none of capsweep'})"
        if tuple(other.directions) != self.wanted.directions:
            have, want = ([each.name.lower() for each in it] for it in (other.directions, self.wanted.directions))
            return f"its directions are {', '.join(have)}, those of the run {', '.join(want)}"
        if [trial.number for trial in found] != list(range(len(found))):
            return "its trials are not numbered in turn, as they are where two have written to it"
        if len(found) > len(ours):
            return f"it has {len(found)} trials, the run has {len(ours)}"
        for trial in found:
            if trial.user_attrs.get(CONFIG) != ours[trial.number].config_hash:
                return f"its trial {trial.number} has other params than the run's"
        return None

    def take_up(self, row: int, found: Sequence[FrozenTrial]) -> None:
        """Go on with a copy: a trial that is there as it is here is not written again."""
        self.row = row
        there = {trial.number: trial for trial in found}
        wanted = [self._mirrored(trial) for trial in self._trials() if trial.spec.order in there]
        self.note([trial for trial in wanted if _holds(there[trial.number], trial)])

    def news(self) -> list[FrozenTrial]:
        """Trials that the database does not hold as they are now, in their order."""
        unsettled = (trial for trial in self._trials() if trial.spec.order not in self._settled)
        trials = map(self._mirrored, sorted(unsettled, key=lambda trial: trial.spec.order))
        return [trial for trial in trials if trial != self._open.get(trial.number)]

    def note(self, written: Sequence[FrozenTrial]) -> None:
        """Remember what the database holds by now."""
        for trial in written:
            if trial.state.is_finished():
                self._settled.add(trial.number)
                self._open.pop(trial.number, None)
            else:
                self._open[trial.number] = trial

    def _trials(self) -> list[Trial]:
        study = self._study
        trials = self._run.searched
        return [each for each in trials if each.spec.study == study.study and each.spec.phase == study.phase]

    def _mirrored(self, trial: Trial) -> FrozenTrial:
        return mirrored_trial(trial, space=self._space, objective=self._run.config.objective)


def _holds(found: FrozenTrial, wanted: FrozenTrial) -> bool:
    """Whether a trial in the database is as it should be; what others have added to it is theirs."""
    same = all(getattr(found, part) == getattr(wanted, part) for part in ("state", "values", "intermediate_values"))
    return (
        same
        and wanted.user_attrs.items() <= found.user_attrs.items()
        and wanted.system_attrs.items() <= found.system_attrs.items()
    )
