"""How much a client may ask: requests, streams, bytes, seconds; in words that the page shows."""

import asyncio
import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.page.content import PageContent
from app.page.limits import Allowance, Limits, Purses, allowance_of
from app.page.request import client_of, is_from_elsewhere
from app.page.serve import build_page
from chatbot.sampling import Sampling
from tests.app.asked import asked, welcome
from tests.app.visitors import guarded, running
from tests.app.votes import Parrot
from tests.gate import PATIENCE, until

JOIN, AT_ONCE, STREAM = "/gradio_api/queue/join", "/gradio_api/run/predict", "/gradio_api/heartbeat/abc"


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self):
        return self.now


def limits(clock=None, **allowed):
    allowance = Allowance(**allowed)
    purses = Purses(allowance.rate, allowance.burst, clock=clock or Clock())
    return Limits(welcome, allowance=allowance, purses=purses)


async def statuses(app, count, path=AT_ONCE, **more):
    return [(await asked(app, path, method="POST", **more)).status for _ in range(count)]


# -- requests ---------------------------------------------------------------------------------------------------------


def test_a_burst_then_one_by_one():
    clock = Clock()
    app = limits(clock, rate=60, burst=3)
    assert asyncio.run(statuses(app, 5)) == [200, 200, 200, 429, 429]
    clock.now += 1
    assert asyncio.run(statuses(app, 2)) == [200, 429]
    assert asyncio.run(statuses(app, 3, client="10.0.0.2")) == [200, 200, 200]  # another client has its own
    clock.now += 3600
    assert asyncio.run(statuses(app, 4)) == [200, 200, 200, 429]  # a purse is never more than full


@given(st.lists(st.floats(0, 20), max_size=80), st.integers(1, 10), st.integers(1, 300))
def test_in_no_minute_more_than_burst_and_rate(pauses, burst, rate):
    clock, taken = Clock(), 0
    purses = Purses(rate, burst, clock=clock)
    for pause in pauses:
        clock.now += pause
        taken += purses.take("a") == 0
    assert taken <= burst + clock.now * rate / 60 + 1e-6


def test_who_may_ask_may_listen_to_the_answer():
    app = limits(rate=60, burst=2)
    assert asyncio.run(statuses(app, 3)) == [200, 200, 429]
    assert asyncio.run(statuses(app, 3, JOIN)) == [200, 200, 429]  # owed, but not without end


@pytest.mark.parametrize("path", ["/en" + AT_ONCE, "/v1/chat/completions", "/gradio_api/upload"])
def test_everything_that_costs_is_counted_in_each_language(path):
    assert asyncio.run(statuses(limits(rate=60, burst=1, upload=10), 2, path)) == [200, 429]


def test_reading_the_page_costs_nothing():
    async def visit():
        app = limits(rate=60, burst=1)
        return [(await asked(app, path)).status for path in ["/", "/assets/a.js"] * 50]

    assert set(asyncio.run(visit())) == {200}


def test_a_refusal_says_when_and_in_the_reader_s_language():
    async def refused(path):
        app = limits(rate=6, burst=1)
        await asked(app, path, method="POST")
        return await asked(app, path, method="POST")

    french, english, api = (asyncio.run(refused(path)) for path in (AT_ONCE, "/en" + AT_ONCE, "/v1/completions"))
    assert french.headers["retry-after"] == "10"
    said = json.loads(french.body)
    assert said["detail"] == said["error"] == "Trop de demandes depuis votre adresse\u00a0: réessayez dans 10\u00a0s."
    assert "try again in 10 s" in json.loads(english.body)["detail"]
    assert json.loads(api.body)["error"]["type"] == "rate_limit_error"


def test_no_limit_and_what_goes_with_a_rate():
    assert set(asyncio.run(statuses(Limits(welcome, allowance=allowance_of(0)), 300))) == {200}
    assert allowance_of(60) == Allowance()
    assert (allowance_of(600).burst, allowance_of(600).streams) == (300, 200)
    assert allowance_of(6).burst == 6
    assert allowance_of(0).streams == Allowance().all_streams


def test_the_limiter_s_own_memory_is_bounded():
    purses = Purses(60, 1, 100)
    for number in range(1000):
        purses.take(f"10.0.{number // 256}.{number % 256}")
    assert len(purses) == 100
    assert purses.take("10.0.3.231") > 0  # the last one is remembered
    assert purses.take("10.0.0.0") == 0  # the first one is not


# -- who it is --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "told", "behind_proxy", "client"),
    [
        ("10.0.0.1", "1.2.3.4", False, "10.0.0.1"),  # anybody can write the header
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", True, "1.2.3.4"),  # the proxy wrote the last one
        ("10.0.0.1", "", True, "10.0.0.1"),
        ("2001:db8::1", "", False, "2001:db8::/64"),
        ("2001:db8::ffff:2", "", False, "2001:db8::/64"),  # the same network
        ("::ffff:10.0.0.1", "", False, "10.0.0.1"),
        ("", "", False, ""),
    ],
)
def test_clients(address, told, behind_proxy, client):
    scope = {"headers": [(b"x-forwarded-for", told.encode())], "client": (address, 1)}
    assert client_of(scope, behind_proxy=behind_proxy) == client


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({}, None),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://page.test"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        ({"origin": "http://page.test"}, False),
        ({"origin": "http://page.test:81"}, True),
        ({"origin": "null"}, True),
        ({"origin": "http://["}, True),
    ],
)
def test_where_a_request_comes_from(headers, elsewhere):
    scope = {"headers": [(b"host", b"page.test"), *((k.encode(), v.encode()) for k, v in headers.items())]}
    assert is_from_elsewhere(scope, behind_proxy=False) is elsewhere


# -- streams, bytes, seconds: over real sockets ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page():
    return build_page(PageContent(chat=Parrot(), sampling=Sampling(max_new_tokens=24)))


@pytest.fixture
def limited():
    return Limits(welcome, allowance=Allowance(rate=0, streams=2, all_streams=3, body=1000, patience=0.3))


def test_open_streams_are_counted_and_given_back(page):
    import httpx

    allowance = Allowance(rate=0, streams=2, all_streams=3)
    kept = []

    class Kept(Limits):
        def __init__(self, app, **options):
            super().__init__(app, **options)
            kept.append(self)

    with guarded(page, [(Kept, {"allowance": allowance, "behind_proxy": True})]) as address, httpx.Client(base_url=address) as client:  # fmt: skip

        def opened(who):
            request = client.build_request("GET", STREAM, headers={"x-forwarded-for": who})
            return client.send(request, stream=True)

        first, second, third = opened("1.1.1.1"), opened("1.1.1.1"), opened("1.1.1.1")
        assert [r.status_code for r in (first, second, third)] == [200, 200, 429]
        other, last = opened("2.2.2.2"), opened("3.3.3.3")
        assert [r.status_code for r in (other, last)] == [200, 429]
        assert "Trop de pages sont ouvertes" in json.loads(last.read())["detail"]
        for stream in (first, second, third, other, last):
            stream.close()
        until(lambda: not kept[0]._streams, "giving the streams back")


def exchange(address, text, *, then=b""):
    """What the server sends back for these bytes, until it closes the connection or falls silent."""
    port = int(address.rstrip("/").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        sock.sendall(text)
        answer = b""
        try:
            sock.sendall(then)
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


HEAD = b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: x\r\n"


def test_a_body_that_says_it_is_too_long_is_not_read(limited):
    with running(limited) as address:
        assert b" 413 " in exchange(address, HEAD + b"Content-Length: 1001\r\n\r\n")


def test_a_body_that_does_not_say_so_is_counted(limited):
    chunk = b"64\r\n" + b"a" * 100 + b"\r\n"
    with running(limited) as address:
        answer = exchange(address, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 11)
        assert b" 413 " in answer and b"C'est trop long" in answer
        whole = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 10 + b"0\r\n\r\n"
        assert b" 200 " in exchange(address, whole)


def test_a_body_that_never_comes_ends(limited):
    with running(limited) as address:
        answer = exchange(address, HEAD + b"Content-Length: 50\r\n\r\n", then=b"half of")
        assert b" 408 " in answer and "pas arrivée à temps".encode() in answer


def test_a_large_file_has_more_time_and_its_own_limit():
    allowance = Allowance(upload=10_000_000)
    assert allowance.seconds_for(allowance.upload) == 100
    assert allowance.seconds_for(allowance.body) == 20

    async def sent(path, size):
        app = Limits(welcome, allowance=Allowance(rate=0, upload=2000, body=1000, api_body=3000))
        return (await asked(app, path, method="POST", body=b"a" * size)).status

    sizes = {AT_ONCE: 1000, "/gradio_api/upload": 2000, "/v1/completions": 3000}
    for path, most in sizes.items():
        assert [asyncio.run(sent(path, size)) for size in (most, most + 1)] == [200, 413]


# -- what the reader sees ----------------------------------------------------------------------------------------------


def test_a_file_of_the_announced_size_passes_with_its_form(tmp_path):
    """The limit is of the file: what a form puts around it does not count."""
    from app.page.protection import Protection
    from app.page.upload_gate import AROUND, UploadGate

    most = 100_000
    app = welcome
    for guard in reversed(Protection(rate=0).guards("Causette", tmp_path, most)):
        app = guard(app)

    def sent(size):
        headers = {"content_type": "multipart/form-data; boundary=edge", "content_length": str(size)}
        return asyncio.run(asked(app, "/gradio_api/upload", method="POST", body=b"x" * size, **headers)).status

    assert [sent(most), sent(most + 500), sent(most + AROUND), sent(most + AROUND + 1)] == [200, 200, 200, 413]
    assert UploadGate in [getattr(guard, "func", None) for guard in Protection().guards("Causette", tmp_path, most)]


def test_a_refused_upload_is_told_in_the_reader_s_language_where_the_page_shows_it(tmp_path):
    from app.page.refusal import SCRIPT
    from app.page.upload_gate import FULL, UploadGate

    gate = UploadGate(welcome, folder=tmp_path, most_bytes=1000)

    def refused(path, size=10):
        return asyncio.run(asked(gate, path, method="POST", body=b"x" * size, content_length=str(size)))

    places = ("/gradio_api/upload", "/en/gradio_api/upload")
    french, english = (refused(place, 10**6) for place in places)
    assert french.status == english.status == 413
    assert json.loads(french.body)["detail"] == "Fichier trop grand."
    assert json.loads(english.body)["detail"] == "File too large."
    (tmp_path / "left").write_bytes(b"x" * (FULL * 1000 + 1))
    french, english = (refused(place) for place in places)
    assert french.status == english.status == 503 and "503" in SCRIPT
    assert "réessayez plus tard" in json.loads(french.body)["detail"]
    assert "try again later" in json.loads(english.body)["detail"]


def test_a_reader_sees_words_and_keeps_question_and_conversation(page, browser):
    with guarded(page, [(Limits, {"allowance": Allowance(rate=1, burst=3)})]) as address:
        tab = browser.new_page()
        tab.set_default_timeout(PATIENCE * 1000)
        tab.goto(address)
        for text in ("Bonjour à tous", "Encore une"):  # loading, asking, listening are three; the fourth is refused
            tab.get_by_role("textbox", name="Votre question").fill(text)
            tab.get_by_role("button", name="Envoyer").click()
            if text == "Bonjour à tous":
                tab.locator(".figures").wait_for()
        alert = tab.get_by_role("alert").filter(has_text="Trop de demandes depuis votre adresse")
        alert.wait_for()
        assert tab.get_by_role("textbox", name="Votre question").input_value() == "Encore une"
        tab.get_by_test_id("status-tracker").locator(".error").first.wait_for(state="attached")
        assert not tab.get_by_text("Error", exact=True).first.is_visible()
        assert tab.get_by_text("Bonjour à tous").first.is_visible()
        tab.close()
