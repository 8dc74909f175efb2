"""What a server on the loopback interface needs so that no other web page can read it or speak through it.

A page elsewhere can make a browser send requests here, and by DNS rebinding even read the answers: so the `Host` must
be ours, whatever the method, and so must the page that sends a request.
"""

from __future__ import annotations

import logging

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

_LOG = logging.getLogger(__name__)
_NAMES = ("127.0.0.1", "localhost")


def protect(server: Flask, *, policy: str) -> None:
    """Refuse foreign requests, send `policy` as the Content-Security-Policy, and keep tracebacks from answers."""

    def refuse() -> Response | None:
        return refusal(request)

    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    server.before_request(refuse)
    server.after_request(harden)
    server.register_error_handler(HTTPException, _say)
    server.register_error_handler(Exception, _hide)


def refusal(incoming: Request) -> Response | None:
    """The answer to a request that is not ours, None for one that is."""
    port = incoming.environ["SERVER_PORT"]
    hosts = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == "80" else set())
    if incoming.headers.get("Host") not in hosts:
        return _text(421, f"This is the dashboard of 127.0.0.1:{port} and answers to no other name.")
    origin = incoming.headers.get("Origin")
    if origin is not None and origin not in {f"http://{host}" for host in hosts}:
        return _text(403, "A page from elsewhere may not use this dashboard.")
    if incoming.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return _text(403, "A page from elsewhere may not use this dashboard; type its address instead.")
    return None


def _say(error: HTTPException) -> Response:
    return _text(error.code or 500, error.name)


def _hide(error: Exception) -> Response:
    _LOG.error("a request failed", exc_info=error)
    return _text(500, "The dashboard failed on this request; its terminal says why.")


def _text(status: int, words: str) -> Response:
    return Response(f"{words}\n", status=status, mimetype="text/plain")
