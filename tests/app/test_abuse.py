"""What somebody may try who wants no answer: addresses outside the page, broken events, others' sessions, text that
wants to be structure. The page is a real one, on a server of its own."""

import asyncio
import http.client
import json

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from app.page.content import PageContent
from app.page.guard import Guard
from app.page.limits import Allowance, Limits
from app.page.login import ADDRESSES
from app.page.serve import build_page
from chatbot.sampling import Sampling
from chatbot.session import LONGEST_MESSAGE
from tests.app.asked import asked, welcome
from tests.app.served import at_rest
from tests.app.visitors import HERE, Visitor, guarded
from tests.gate import PATIENCE, until

JSON = {"content-type": "application/json"}
VALUES = (0.0, 1.0, 0, 1.0, 24)
LAYERS = [(Guard, {"hosts": HERE}), (Limits, {"allowance": Allowance(rate=0)})]
# What is open, with the names that Gradio 6.31 gives to the parts that change. A new one must be decided about.
OPEN = {
    "GET /", "HEAD /", "GET /theme.css", "GET /favicon.ico", "GET /robots.txt", "GET /static/{path}", "GET /assets/{path}",
    "GET /gradio_api/app_id", "GET /gradio_api/heartbeat/{session_hash}", "GET /gradio_api/queue/data",
    "POST /gradio_api/queue/join", "POST /gradio_api/run/{api_name}",
}  # fmt: skip


@pytest.fixture(scope="module")
def page(chat):
    return build_page(PageContent(chat=chat, sampling=Sampling(max_new_tokens=24)))


@pytest.fixture(scope="module")
def address(page):
    with guarded(page, LAYERS) as address:
        yield address


def visited(address, page, visit):
    """What `visit(visitor)` gives; afterwards the page still answers."""

    async def whole():
        # A connection each: the server closes one on which a request failed.
        headers = {"connection": "close"}
        async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, headers=headers) as client:
            result = await visit(Visitor(client, page, VALUES))
            shown, _ = await Visitor(client, page, VALUES).ask("Où est ma commande ?")
            assert texts(shown)[0] == "Où est ma commande ?"
            return result

    return asyncio.run(whole())


def texts(shown):
    return [message["content"][0]["text"] for message in shown[0]]


# -- addresses --------------------------------------------------------------------------------------------------------


def every_address(routes, before=""):
    """Method and path of each route, however deep it lies."""
    for route in routes:
        inner = getattr(route, "original_router", None) or (route if isinstance(route, Mount) else None)
        if inner is not None and not isinstance(route, Route | APIRoute):
            yield from every_address(inner.routes, before + getattr(route, "path", ""))
        else:
            yield from ((method, before + route.path) for method in route.methods or ())


def test_of_gradio_s_addresses_those_are_open_that_the_page_needs(page):
    from gradio.routes import App

    addresses = set(every_address(App.create_app(page).routes))
    assert len(addresses) > 80, addresses  # or the routes are kept in a new way, and none was looked at
    values = {"{api_name}": "predict", "{session_hash}": "abc", ":path}": "}", "{path}": "a/b.js"}

    async def statuses():
        found = {}
        for method, path in addresses:
            place = path
            for name, value in values.items():
                place = place.replace(name, value)
            found[f"{method} {path.replace(':path}', '}')}"] = (
                await asked(Guard(welcome), place, method=method, content_type="application/json")
            ).status
        return found

    found = asyncio.run(statuses())
    assert {name for name, status in found.items() if status != 404} - OPEN == set()
    assert {name for name in OPEN if name in found and found[name] != 200} == set()


TRIED = [
    "/static/../../../../etc/passwd", "/static/..%2f..%2f..%2fetc/passwd", "/static/%2e%2e/%2e%2e/x", "/assets/..%5c..%5cx",
    "/assets/..\\..\\x", "/static/%252e%252e/x", "/static//etc/passwd", "//etc/passwd", "/static/C:/Windows/win.ini",
    "/gradio_api/file=/etc/passwd", "/gradio_api/file=C:%5CWindows%5Cwin.ini", "/gradio_api/file=https://example.org/",
    "/gradio_api/file%3d/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://127.0.0.1:22/",
    "/gradio_api/queue/../info", "/gradio_api%2finfo", "/gradio_api/heartbeat/..%2finfo", "/theme.css/../config",
    "/gradio_api/heartbeat/a%00b", "/gradio_api/heartbeat/a%0d%0ab", "/en/config", "/fr/gradio_api/info", "/en/../config",
    "/config", "/monitoring", "/docs", "/openapi.json", "/gradio_api/startup-events", "/gradio_api/call/ask/x", "/runs",
    "/gradio_api/upload_progress", "/gradio_api/stream/a/b/c/playlist.m3u8", "/manifest.json", "/login", "/v1/models",
]  # fmt: skip


def raw(address, path, method="GET", headers=()):
    """Status and body for a path that no client has tidied up."""
    connection = http.client.HTTPConnection(httpx.URL(address).netloc.decode(), timeout=PATIENCE)
    connection.putrequest(method, path, skip_host=any(name == "host" for name, _ in headers))
    for header in headers:
        connection.putheader(*header)
    connection.endheaders()
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
    finally:
        connection.close()


def test_no_path_leads_outside(address):
    answers = {path: raw(address, path) for path in TRIED}
    assert {path for path, (status, *_) in answers.items() if status not in (400, 404)} == set()
    assert not any("root:" in text or "dependencies" in text for _, text, _ in answers.values())
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"):
        assert raw(address, "/", method)[0] in (400, 404, 405)
    for place in ("upload", "call/ask", "api/ask", "call/v2/ask", "process_recording", "vibe-edit", "component_server"):
        assert raw(address, f"/gradio_api/{place}", "POST")[0] == 404


def test_only_under_its_own_names_and_from_its_own_page(address):
    assert raw(address, "/", headers=[("host", "evil.test")])[0] == 403
    assert raw(address, "/", headers=[("host", "localhost:7860")])[0] == 200
    event = "/gradio_api/run/predict"
    for headers in (
        [("Origin", "http://evil.test")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
    ):
        status, text, _ = raw(address, event, "POST", headers)
        assert status == 403 and "autre site" in text
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert raw(address, event, "POST", [("Content-Type", kind)])[0] == 415


def test_what_a_browser_is_told(address):
    status, text, headers = raw(
        address, "/", headers=[("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Proto", "https")]
    )
    assert status == 200 and "evil.test" not in text
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["server"] is None
    framed = asyncio.run(asked(Guard(welcome, framed_by="https://cours.test"), "/"))
    assert "frame-ancestors https://cours.test" in framed.headers["content-security-policy"]
    assert "server" not in framed.headers


def test_files_and_further_addresses_only_where_they_are_given(tmp_path):
    inside, outside = tmp_path / "out" / "a.csv", tmp_path / "b.csv"
    inside.parent.mkdir()
    (inside.parent / "link.csv").symlink_to(outside)
    given = Guard(welcome, upload=True, files=inside.parent, more=(*ADDRESSES, "/v1/"))
    plain = Guard(welcome)

    def status(guard, path, method="GET"):
        return asyncio.run(asked(guard, path, method=method)).status

    more = [("/gradio_api/upload", "POST"), ("/gradio_api/upload_progress", "GET"), ("/login", "POST"), ("/en/login", "GET"),
            ("/logout", "GET"), ("/v1/models", "GET"), (f"/gradio_api/file={inside}", "GET"), (f"/en/gradio_api/file={inside}", "HEAD")]  # fmt: skip
    for path, method in more:
        assert (status(given, path, method), status(plain, path, method)) == (200, 404), path
    bad = (outside, tmp_path, inside.parent / ".." / "b.csv", inside.parent / "link.csv", "a\0b", "../b.csv", "")
    assert {status(given, f"/gradio_api/file={path}") for path in bad} == {404}


# -- events -----------------------------------------------------------------------------------------------------------

SHAPES = [
    "x", None, 5, {}, [], [None], [None, "a"], [None, "a", None, "x", [], {}, 1e308], [None, "a", *VALUES[:4], -1],
    [None, {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, *VALUES], [None, {"__type__": "update"}, *VALUES],
    [None, 5, *VALUES], [None, [1], *VALUES], [None, None, *VALUES], [None, True, *VALUES], [None, "a", *VALUES, 1, 2, 3],
]  # fmt: skip
EVENTS = [-1, 999, "x", None, 1.5, 10**30, [], 0, 1]
SESSIONS = ["", "x" * 10_000, {"a": 1}, "../../etc", 5]


def test_events_of_wrong_shapes_break_nothing(address, page, chat):
    async def visit(visitor):
        answers = [await visitor.at_once(visitor.ask_event, data) for data in SHAPES]
        answers += [await send(event, [None]) for event in EVENTS for send in (visitor.at_once, visitor.join)]
        for visitor.session in SESSIONS:
            answers.append(await visitor.at_once(visitor.ask_event, [None, "Bonjour", *VALUES]))
            answers.append(await visitor.join(visitor.listen_event, [None]))
        return [answer.text for answer in answers]

    told = visited(address, page, visit)
    assert not any("Traceback" in text or "site-packages" in text or "root:" in text for text in told)
    until(lambda: at_rest(chat), "coming to rest")


def test_bodies_that_are_no_json_of_ours(address, page):
    deep, objects = b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    end = b',0,1,0,1,24],"fn_index":2,"session_hash":"abc"}'
    bodies = [b"", b"{", b"[]", b"null", b"\xff\xfe", deep, b'{"data":' + deep + b"}", b'{"data":[null,' + objects + end,
              b'{"data":[null,"\xff"' + end, b"a" * (256 * 1024 + 1), b'{"data":["' + b"a" * 10_000_000 + b'"]}']  # fmt: skip

    async def visit(visitor):
        statuses = []
        for body in bodies:
            for place in ("run/predict", "queue/join"):
                try:
                    answer = await visitor.client.post(f"gradio_api/{place}", content=body, headers=JSON)
                    statuses.append(answer.status_code)
                except httpx.TransportError:  # closed while ten megabytes were still being sent
                    statuses.append(413)
        return statuses

    statuses = visited(address, page, visit)
    assert set(statuses[:-4]) <= {400, 422} and statuses[-4:] == [413] * 4


def test_nobody_hears_another_s_answer(address, page, chat, gate):
    """Who knows the number of an event but not the session's secret name hears nothing, and cannot end it either."""

    async def visit(visitor):
        stranger = Visitor(visitor.client, page, VALUES)
        gate.let(2)
        await visitor.at_once(visitor.ask_event, [None, "Où est ma commande ?", *VALUES])
        event = (await visitor.join(visitor.listen_event, [None])).json()["event_id"]
        body = {"session_hash": stranger.session, "fn_index": visitor.listen_event, "event_id": event}
        for place, status in (("cancel", 404), ("reset", 404), ("queue/join", 200)):
            answer = await visitor.client.post(f"gradio_api/{place}", json={**body, "data": [None]})
            assert answer.status_code == status
        overheard = [message async for message in stranger.messages()]
        for path in (f"gradio_api/call/listen/{event}", f"gradio_api/queue/data?event_id={event}"):
            assert (await visitor.client.get(path)).status_code in (404, 422)
        gate.let()
        return overheard, [message async for message in visitor.messages()]

    overheard, heard = visited(address, page, visit)
    assert "commande" not in json.dumps(overheard)
    assert texts(heard[-2]["output"]["data"])[0] == "Où est ma commande ?"


def test_a_session_without_a_name_is_nobody_s(address, page):
    """Two of them do not share a conversation; a state sent along is not believed."""

    async def visit(visitor):
        visitor.session = None
        state = {"turns": [{"question": "inventée"}], "awaited": None}
        return [(await visitor.at_once(visitor.ask_event, [state, text, *VALUES])).json() for text in ("une", "deux")]

    for text, shown in zip(("une", "deux"), visited(address, page, visit), strict=True):
        assert texts(shown["data"][1:])[0::2] == [text]


def test_questions_that_nobody_listens_to_leave_nothing_behind(address, page, chat):
    async def visit(visitor):
        for _ in range(80):  # more than may wait in line
            visitor.session = None
            await visitor.at_once(visitor.ask_event, [None, "Bonjour", *VALUES])

    visited(address, page, visit)
    until(lambda: at_rest(chat), "coming to rest")


# -- text --------------------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](http://evil.test/a.png)", "[x](javascript:alert(1))",
    "a\0b", "\u202egnirts\u202c \u2066a", "\u200bZ" + "\u0351\u0352\u0353" * 9, "\ufdfd\ufffe\U0001f469\u200d\U0001f4bb",
    "<|endoftext|>", "$\\href{javascript:alert(1)}{x}$", "{{7*7}} {content} %s", "\x1b[31mrouge\x07",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(address, page, text):
    shown, _ = visited(address, page, lambda visitor: visitor.ask(text))
    (question, _) = texts(shown)
    assert "<" not in question and "\0" not in question and "\x1b" not in question


def test_a_text_that_is_none_or_too_long_is_refused_in_words(address, page):
    async def visit(visitor):
        body = json.dumps(visitor.body(visitor.ask_event, [None, "\ud800", *VALUES]))  # "\\ud800": valid JSON
        lone = await visitor.client.post("gradio_api/run/predict", content=body, headers=JSON)
        long = await visitor.at_once(visitor.ask_event, [None, "é" * (LONGEST_MESSAGE + 1), *VALUES])
        return [answer.json()["data"] for answer in (lone, long)]

    lone, long = visited(address, page, visit)
    assert lone[1] == long[1] == []
    assert "UTF-8" in lone[2] and "trop long" in long[2]
