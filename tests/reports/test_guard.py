"""Requests that another web page could cause must be refused, whatever their method, and answers must say little."""

from __future__ import annotations

from itertools import product

import pytest

from reports.dashboard import create_app

HOST = "127.0.0.1:8050"
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")


@pytest.fixture
def client(mixed):
    return create_app(mixed.directory.path).server.test_client()


def ask(client, path="/", *, method="GET", **headers):
    return client.open(path, method=method, base_url=f"http://{HOST}", headers={"Host": HOST, **headers})


@pytest.mark.parametrize("host", [HOST, "localhost:8050"])
def test_its_own_names_are_answered(client, host) -> None:
    assert ask(client, Host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8050", "127.0.0.1", "127.0.0.1:8051", ""])
def test_a_foreign_host_is_misdirected(client, host) -> None:
    for method in METHODS:
        answer = ask(client, method=method, Host=host)
        assert answer.status_code == 421, method
        assert b"<" not in answer.data, method


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:8050"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_from_elsewhere_is_refused(client, headers) -> None:
    for path, method in product(("/", "/_dash-update-component", "/_dash-layout"), METHODS):
        assert ask(client, path, method=method, **headers).status_code == 403, (path, method)


def test_its_own_page_is_answered(client) -> None:
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
    assert ask(client, "/_dash-layout", **headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/missing", "/_dash-layout", "/_dash-component-suites/dash/no/such.js"])
def test_every_answer_is_hardened(client, path) -> None:
    headers = ask(client, path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "unsafe-eval" not in policy


def test_errors_tell_no_tracebacks_and_no_paths(client) -> None:
    answer = ask(client, "/_dash-update-component", method="POST", **{"Content-Type": "application/json"})
    assert answer.status_code >= 400
    assert b"Traceback" not in answer.data
    assert b"site-packages" not in answer.data


def test_a_failing_request_says_so_and_no_more(mixed) -> None:
    server = create_app(mixed.directory.path).server
    server.view_functions["/_dash-layout"] = lambda: 1 / 0
    answer = ask(server.test_client(), "/_dash-layout")
    assert answer.status_code == 500
    assert answer.data == b"The dashboard failed on this request; its terminal says why.\n"


def test_there_is_no_tool_server_whatever_the_environment_says(mixed, monkeypatch) -> None:
    monkeypatch.setenv("DASH_MCP_ENABLED", "true")
    rules = [str(rule) for rule in create_app(mixed.directory.path).server.url_map.iter_rules()]
    assert not [rule for rule in rules if "mcp" in rule]
