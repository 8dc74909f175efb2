"""Optuna's storage in an SQL database, told whole trials at once with the times of a log.

Optuna's own calls end a trial at the moment of the call, and one value at a time: a mirror that was interrupted between
two of them would leave half a trial. Here some trials are one transaction. The tables are those of Optuna 5, which
refuses a database with others; a test compares what is written with what Optuna itself writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial
from sqlalchemy import func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from sweeps.errors import ConfigError, RunError
from sweeps.search.mirror_rows import fill, is_row_of, new_row, rows_of, study_row
from sweeps.search.mirror_trials import MirroredStudy
from sweeps.search.mirror_url import DatabaseUrl

_SECONDS_TO_CONNECT = 10


class Database:
    """An open Optuna storage; it holds no connection while nothing is asked of it.

    Args:
        url: Where it is. Optuna's tables are made where there are none.

    Raises:
        ConfigError: If it cannot be opened, or another version of Optuna made its tables.
    """

    def __init__(self, url: DatabaseUrl) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.url = url
        # Optuna fills in templates: a brace in a password is none.
        text = url.text.replace("{", "{{").replace("}", "}}")
        try:
            self._storage = RDBStorage(text, engine_kwargs={"poolclass": NullPool, "connect_args": _patience(url)})
        except Exception as error:  # a driver may raise anything at what stands in a URL
            raise ConfigError(f"URL: {url.shown} cannot be opened: {self._told(error)}") from None

    def close(self) -> None:
        """Let go of everything."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def studies(self) -> dict[str, FrozenStudy]:
        """Every study in the database by its name, of whatever run."""
        with self._complaining():
            return {study.study_name: study for study in self._storage.get_all_studies()}

    def trials(self, study: int) -> list[FrozenTrial]:
        """Every trial of a study."""
        with self._complaining():
            return self._storage.get_all_trials(study, deepcopy=False)

    def create_study(self, study: MirroredStudy) -> int:
        """Make a study with all that is known of it, or nothing; its id."""
        row = study_row(study)
        with self._transaction() as session:
            session.add(row)
            session.flush()
            return int(row.study_id)

    def write(self, study: int, trials: Sequence[FrozenTrial]) -> None:
        """Make or complete trials by their numbers: all of them, or none.

        Raises:
            RunError: If somebody else has written to the study, or the database does not take them.
        """
        with self._transaction() as session:
            mine = models.StudyModel.study_id == study
            # Changes nothing, and lets nobody else count the study's trials before we are done.
            session.execute(update(models.StudyModel).where(mine).values(study_name=models.StudyModel.study_name))
            count = session.scalar(select(func.count()).where(models.TrialModel.study_id == study)) or 0
            rows = rows_of(session, study, [trial.number for trial in trials])
            for trial in trials:
                row = rows.get(trial.number)
                is_ours = trial.number == count if row is None else is_row_of(trial, row)
                if not is_ours:
                    raise RunError(
                        f"{self.url.shown}: trial {trial.number} of study {study} cannot be written: somebody else "
                        f"writes to the study, which has {count} trials"
                    )
                if row is None:
                    row = new_row(study, trial)
                    session.add(row)
                    count += 1
                fill(row, trial)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._complaining(), Session(self._storage.engine) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, StorageInternalError) as error:
            raise RunError(
                f"{self.url.shown}: {self._told(error)}; once that is mended, the same command goes on"
            ) from None

    def _told(self, error: BaseException) -> str:
        """What the driver said, without the statement and the links around it."""
        if isinstance(error, StorageInternalError) and error.__cause__ is not None:
            error = error.__cause__
        inner = getattr(error, "orig", None) or error
        return self.url.masked(str(inner) or type(inner).__name__)


def _patience(url: DatabaseUrl) -> dict[str, object]:
    """A server that does not answer is given up soon, where the driver can be told so and has not been."""
    wants = url.driver in ("psycopg", "psycopg2") and "connect_timeout" not in url.text
    return {"connect_timeout": _SECONDS_TO_CONNECT} if wants else {}
