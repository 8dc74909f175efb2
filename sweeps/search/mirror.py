"""Keeps a run's studies in an Optuna storage as well, while the sweep runs or after it: for Optuna's own tools.

It reads the log and nothing else, so that the sweep neither waits for a database nor depends on one.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from sweeps.errors import RunError
from sweeps.history import read_run
from sweeps.lock import take
from sweeps.search.mirror_copy import Copy
from sweeps.search.mirror_storage import Database
from sweeps.search.mirror_url import DatabaseUrl

_AT_ONCE = 100


class Mirror:
    """A run and its copy in a database, for as long as this is open; nobody else mirrors it there meanwhile.

    Args:
        path: The run directory.
        url: Of the database.

    Raises:
        ConfigError: If the URL is wrong, or the database cannot be opened.
        RunError: If there is no run, if it is being mirrored there already, or if what the database holds under the
            names of its studies is something else.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.url = DatabaseUrl.parse(url)
        self.run = read_run(path)
        with contextlib.ExitStack() as stack:
            lock = self.run.directory.mirror_lock(self.url.identity)
            refusal = f"is being copied to {self.url.shown} already; end that command first, or name another database"
            stack.callback(os.close, take(lock, refusal=refusal))
            self._database = stack.enter_context(contextlib.closing(Database(self.url)))
            self._copies = self._begin()
            self.close = stack.pop_all().close

    @property
    def studies(self) -> list[str]:
        """What the run's studies are called there."""
        return [copy.wanted.name for copy in self._copies]

    def write(self) -> int:
        """Bring the database up to the log; how many trials were made or changed there.

        Raises:
            RunError: If the log cannot be read any further, or the database does not take it.
        """
        self.run.refresh()
        return sum(self._write(copy) for copy in self._copies)

    def follow(self, *, every: float = 2.0) -> None:
        """Go on writing until the run has ended for good.

        Args:
            every: Seconds between two looks at the log.

        Raises:
            RunError: As `write` does.
        """
        self.write()
        while self.run.ended is None:
            time.sleep(every)
            self.write()

    def _write(self, copy: Copy) -> int:
        news = copy.news()
        for begin in range(0, len(news), _AT_ONCE):
            batch = news[begin : begin + _AT_ONCE]
            self._database.write(copy.row, batch)
            copy.note(batch)
        return len(news)

    def _begin(self) -> list[Copy]:
        """Compare every study with what the database holds under its name, before any is made there."""
        copies = [Copy(study, self.run) for study in self.run.studies]
        there = self._database.studies()
        for copy in copies:
            if (other := there.get(copy.wanted.name)) is not None:
                found = self._database.trials(other._study_id)
                if why := copy.objection(other, found):
                    raise RunError(
                        f"{self.url.shown}: the study {copy.wanted.name!r} there is no mirror of "
                        f"{self.run.directory.path}: {why}; delete it there, or name another database"
                    )
                copy.take_up(other._study_id, found)
        for copy in copies:
            if copy.wanted.name not in there:
                copy.row = self._database.create_study(copy.wanted)
        return copies
