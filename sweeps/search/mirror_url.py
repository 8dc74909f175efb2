"""Where a mirror is kept: a database's URL that is read before anything is opened, and shown without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from sweeps.codec import digest
from sweeps.errors import ConfigError

_HIDDEN = "***"
_SECRET = re.compile("pass|pwd|secret|token|odbc_connect", re.IGNORECASE)
_EXAMPLES = "sqlite:///FILE.db or postgresql://USER:PASSWORD@HOST/DATABASE"
_LONGEST = 400


@dataclass(frozen=True)
class DatabaseUrl:
    """A URL that a driver is installed for.

    Attributes:
        text: As it was given, with the password.
        shown: For messages.
        identity: The same for the same database, whoever logs in and by whichever driver.
        driver: Of that name at SQLAlchemy.
        secrets: What no message may hold.
    """

    text: str
    shown: str
    identity: str
    driver: str
    secrets: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Read a URL, without asking the database.

        Raises:
            ConfigError: If it cannot be read, names a database that would vanish, or one that no driver is installed
                for. No message holds the password.
        """
        url = _read(text)
        shown = url.set(query={}).render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite" and _vanishes(url):
            raise ConfigError(f"URL: {shown} is a database in memory, which ends with this command; name a file")
        return cls(text, shown, _identity(url), _driver(url), tuple(_secrets(url)))

    def masked(self, message: str) -> str:
        """Somebody else's message on one short line, without the password."""
        for secret in self.secrets:
            message = message.replace(secret, _HIDDEN)
        message = " ".join(message.split())
        return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}..."


def _read(text: str) -> URL:
    dialect, separator, rest = text.partition("://")
    # What cannot be read may be a password in the wrong place: nothing behind the dialect is ever repeated.
    got = f"{dialect}://..." if separator and re.fullmatch(r"[\w+]+", dialect) else "a text without DIALECT://"
    try:
        text.encode()  # what has no UTF-8 form reaches no database
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigError(f"URL: must read {_EXAMPLES}, got {got}") from None
    is_torn = rest.count("@") > 1 or ("@" in rest.partition("?")[0] and url.username is None)
    if is_torn and url.get_backend_name() != "sqlite":
        raise ConfigError(
            f"URL: has an @ or a / within a user or a password, got {got}; write %40 for @ and %2F for / there"
        )
    return url


def _vanishes(url: URL) -> bool:
    path = url.database or ""
    return not path or ":memory:" in path or "mode=memory" in path or url.query.get("mode") == "memory"


def _driver(url: URL) -> str:
    try:
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except NoSuchModuleError:
        raise ConfigError(f"URL: SQLAlchemy knows no database {url.drivername!r}; write {_EXAMPLES}") from None
    except ImportError as error:
        extra = ": pip install 'capsweep[postgres]'" if url.get_backend_name() == "postgresql" else ""
        raise ConfigError(
            f"URL: the driver of {url.drivername} is not installed ({error}); install it{extra}"
        ) from None
    if dialect.is_async:
        raise ConfigError(f"URL: {url.drivername} is an asynchronous driver; name another, or none")
    return dialect.driver


def _identity(url: URL) -> str:
    backend, path = url.get_backend_name(), url.database
    if backend == "sqlite" and path and not path.startswith("file:"):
        path = str(Path(path).resolve())
    place = [backend, url.host, url.port, path, url.query.get("host"), url.query.get("port"), url.query.get("dbname")]
    return digest(place)


def _secrets(url: URL) -> Iterator[str]:
    """The password in every way in which a message may hold it, the longest first."""
    found = [url.password] if url.password else []
    for key, value in url.query.items():
        if _SECRET.search(key):
            found += [value] if isinstance(value, str) else value
    ways = {way(each) for each in found for way in (str, quote, quote_plus, lambda text: quote(text, safe=""))}
    yield from sorted(filter(None, ways), key=len, reverse=True)
