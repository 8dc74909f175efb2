"""Opens a storage of Optuna's by its URL, and says what is wrong with it without saying a password."""

from __future__ import annotations

import logging
import warnings

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from sweeps.errors import ConfigError, RunError

_IN_MEMORY = ("", ":memory:")


def open_storage(url: str) -> RDBStorage:
    """Connect, and make Optuna's tables where there are none.

    Raises:
        ConfigError: If the URL does not read as one, names no database that lasts, or one that needs a driver.
        RunError: If the database cannot be reached or written to.
    """
    _check(url)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return RDBStorage(
                url, engine_kwargs={"connect_args": {"timeout": 30}} if url.startswith("sqlite") else None
            )
    except ImportError as error:
        raise ConfigError(f"{shown(url)}: {_driver_of(error)} is needed to talk to it; pip install it") from None
    except (SQLAlchemyError, optuna.exceptions.OptunaError, RuntimeError) as error:
        raise RunError(f"{shown(url)}: {reason_of(error, url)}") from None


def shown(url: str) -> str:
    """A URL for messages, its password hidden; of one that does not parse only what stands before the colon."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError):
        scheme, colon, _ = url.partition(":")
        return f"{scheme}:..." if colon and scheme.replace("+", "").isalnum() else "the URL"


def reason_of(error: BaseException, url: str) -> str:
    """What a driver says, in one line, without the password."""
    cause = error.__cause__ or error
    words = " ".join(str(getattr(cause, "orig", None) or cause).split())
    try:
        password = make_url(url).password
    except (SQLAlchemyError, ValueError):
        return "cannot be used"
    return words.replace(str(password), "***") if password else words


def _check(url: str) -> None:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        parsed.get_dialect()
    except (SQLAlchemyError, ValueError, ImportError):
        raise ConfigError(
            f"URL: must read as sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE, got {shown(url)}"
        ) from None
    if backend == "sqlite" and (parsed.database or "") in _IN_MEMORY:
        raise ConfigError(f"URL: {shown(url)} is a database in memory, which would go with this command; name a file")


def _driver_of(error: ImportError) -> str:
    cause = error.__cause__ or error
    return getattr(cause, "name", None) or "its driver"
