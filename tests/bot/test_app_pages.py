"""Pages, headers, health and metrics of the public app."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chatting import chatting, client_of, conversation_of, error_of

from bot.app import SECURITY_HEADERS
from bot.launch import Parts, make_app, open_store

pytestmark = pytest.mark.asyncio
MESSAGES = "/api/messages"


async def test_every_policy_has_its_page_and_its_short_address_leads_to_the_newest(app: Any, parts: Parts) -> None:
    async with client_of(app) as http:
        for policy in parts.knowledge.ids:
            version = parts.knowledge.get(policy).current.version
            short = await http.get(f"/p/{policy}")
            assert short.status_code == 307 and short.headers["location"] == f"/p/{policy}/{version}"
            assert (await http.get(f"/p/{policy}/{version}")).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/p/nowhere", "/p/nowhere/1", "/p/klasso/1999", "/p/klasso/..%2f..%2fetc%2fpasswd", "/nothing", "/api/nothing"]
    + ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.css", "/docs/static/../main.py", "/webhook"]
    + ["/model", "/conversations/x/tracker", "/webhooks/rest/webhook"],
)
async def test_what_is_not_there_is_not_found(app: Any, path: str) -> None:
    async with client_of(app) as http:
        response = await http.get(path)
        assert response.status_code == 404
        error_of(response)


@pytest.mark.parametrize(("method", "path"), [("PUT", MESSAGES), ("PUT", "/api/sessions"), ("DELETE", "/p/klasso")])
async def test_another_method_is_refused(app: Any, method: str, path: str) -> None:
    async with client_of(app) as http:
        response = await http.request(method, path)
        assert response.status_code == 405 and error_of(response) == "refused"


async def test_every_response_carries_the_security_headers(app: Any) -> None:
    async with chatting(app) as chat:
        http = chat.http
        authorised = {"Authorization": f"Bearer {chat.token}"}
        responses = [
            await http.get(path)
            for path in (
                "/",
                "/p/klasso",
                "/p/klasso/2026-04",
                "/static/base.css",
                "/docs",
                "/openapi.json",
                "/nothing",
            )
        ]
        responses += [await http.get(path) for path in ("/healthz", "/readyz", "/metrics", "/api/policies", MESSAGES)]
        responses += [await http.post(MESSAGES, json={}), await http.post(MESSAGES, content=b"x" * 20_000)]
        responses.append(await http.post(MESSAGES, json={"id": "1", "text": "hi"}, headers=authorised))
        for response in responses:
            for name, value in SECURITY_HEADERS.items():
                expected = response.headers.get(name)
                assert expected and (expected == value or response.url.path == "/docs"), (response.url, name)
            if response.url.path.startswith("/api"):
                assert response.headers["cache-control"] == "no-store"
            assert "set-cookie" not in response.headers


async def test_no_page_calls_another_host(app: Any) -> None:
    """A person who reads a privacy policy must not be shown to a third party by the page."""
    async with client_of(app) as http:
        for path in ("/", "/docs", "/p/klasso/2026-04"):
            page = (await http.get(path)).text
            assert re.findall(r"""(?:src|href|action)=["']?(?:https?:)?//[^"'> ]+""", page) == [], path
            for asset in set(re.findall(r"""(?:src|href)=["'](/[^"'#]+)["']""", page)):
                assert (await http.get(asset, follow_redirects=True)).status_code == 200, asset


async def test_the_docs_page_is_built_from_our_own_files_and_a_valid_description(app: Any) -> None:
    async with client_of(app) as http:
        page = (await http.get("/docs")).text
        assert "swagger" in page.lower()
        script = (await http.get("/static/docs.js")).text
        assert "openapi.json" in script and "//" not in re.sub(r"^\s*//.*$", "", script, flags=re.MULTILINE)
        described = (await http.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.") and set(described["paths"]) == {
        "/api/policies",
        "/api/sessions",
        "/api/messages",
        "/api/events",
        "/api/votes",
    }
    assert set(described["paths"]["/api/messages"]) == {"get", "post"}
    references = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(described)))
    assert references and references <= set(described["components"]["schemas"])
    responses = described["paths"]["/api/messages"]["post"]["responses"]
    assert {"200", "401", "403", "404", "413", "422"} <= set(responses)
    for code in ("401", "413", "422"):
        assert "ErrorsModel" in json.dumps(responses[code])


async def test_alive_and_ready_say_so_and_no_more(app: Any) -> None:
    async with client_of(app) as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def unwritten(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"this is not a database" * 500)


@pytest.mark.parametrize("harm", [unwritten, emptied, overwritten])
async def test_without_its_database_the_product_is_alive_but_not_ready(
    own_settings: Any, parts: Parts, tmp_path: Path, harm: Any
) -> None:
    path = tmp_path / "own.db"
    store = open_store(f"sqlite:///{path}")
    app = make_app(own_settings, replace(parts, store=store))
    async with client_of(app) as http:
        assert (await http.get("/readyz")).status_code == 200
        harm(path)
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready"})
        assert (await http.get("/healthz")).status_code == 200
    store.close()


async def test_metrics_count_what_happened_and_hold_nothing_typed(app: Any) -> None:
    async with chatting(app) as chat:
        await chat.say("do you record calls? my cat is called Mimikatze")
        await chat.file("please delete my account, says Mimikatze", "mimikatze@example.org")
        metrics = (await chat.http.get("/metrics")).text
        assert 'desk_answers_total{kind="denies",policy="klasso"} 1.0' in metrics
        assert 'desk_requests_total{policy="klasso"} 1.0' in metrics
        assert 'desk_messages_total{channel="web",policy="klasso",result="answered"} 6.0' in metrics
        assert "mimikatze" not in metrics.lower() and conversation_of(app, chat) not in metrics


async def test_stopping_waits_for_turns_and_closes_the_store(own_settings: Any, parts: Parts, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    store = open_store(url)
    app = make_app(own_settings, replace(parts, store=store))
    async with app.router.lifespan_context(app):
        pass
    again = open_store(url)  # the writer's lock was given back
    again.close()
