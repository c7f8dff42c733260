"""The login: what can be seen without one, how one comes in, and what guessing costs."""

import asyncio
import logging
import re
import threading

import pytest

from app.accounts import Account, AccountsFile, write_accounts
from app.page.content import PageContent
from app.page.guard import Guard
from app.page.login import ADDRESSES, IN_LINE, Login, in_words
from app.page.login_page import login_page
from app.page.serve import build_page
from app.page.sessions import FIRST_DELAY, IDLE, LONGEST_DELAY, SESSIONS, Lockout, Sessions
from chatbot.language import speaking
from chatbot.sampling import Sampling
from tests.app.asked import asked, welcome
from tests.app.visitors import guarded
from tests.app.votes import Parrot
from tests.gate import PATIENCE

NAME, PASSWORD = "Zoé", "quatre mots très simples"
FORM = f"name=Zo%C3%A9&password={PASSWORD}".replace(" ", "+").replace("è", "%C3%A8").encode()
WRONG = b"name=Zo%C3%A9&password=ce+n+est+pas+lui"
COST = 2**8  # a password is judged in a millisecond


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "comptes"
    write_accounts(path, {NAME: Account.of(NAME, PASSWORD, cost=COST)})
    return path


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def login(file, clock):
    return Login(welcome, accounts=AccountsFile(file), sessions=Sessions(clock), lockout=Lockout(clock))


def sent(login, body=FORM, path="/login", origin="http://127.0.0.1:7860", **more):
    return asyncio.run(
        asked(login, path, method="POST", body=body, **{**({"origin": origin} if origin else {}), **more})
    )


def cookie_of(answer):
    return answer.headers["set-cookie"].partition(";")[0]


def status(login, path="/", **headers):
    return asyncio.run(asked(login, path, **headers)).status


# -- outside ------------------------------------------------------------------------------------------------------------


def test_without_a_login_a_browser_is_led_to_it_and_others_are_refused(login):
    led = asyncio.run(asked(login, "/", accept="text/html,*/*"))
    assert (led.status, led.headers["location"]) == (303, "/login")
    assert asyncio.run(asked(login, "/en/", accept="text/html")).headers["location"] == "/en/login"
    for path in (
        "/",
        "/assets/a.js",
        "/gradio_api/queue/data",
        "/gradio_api/heartbeat/a",
        "/v1/models",
        "/en/v1/models",
    ):
        assert status(login, path) == 401
    assert asyncio.run(asked(login, "/gradio_api/run/predict", method="POST", accept="text/html")).status == 401
    assert status(login, cookie="causette_7860=inventé") == 401


def test_an_api_with_a_key_needs_no_login(file):
    login = Login(welcome, accounts=AccountsFile(file), api_has_key=True)
    assert status(login, "/v1/models") == 200
    assert [status(login, path) for path in ("/", "/v1", "/en/v1/models", "/v10/x")] == [401] * 4


def test_a_websocket_is_refused(login):
    sent_back = []

    async def send(message):
        sent_back.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [], "server": ("x", 7860), "client": ("x", 1)}
    asyncio.run(login(scope, None, send))
    assert sent_back == [{"type": "websocket.close", "code": 1008}]


# -- coming in and going --------------------------------------------------------------------------------------------------


def test_in_and_out(login):
    answer = sent(login)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert re.fullmatch(
        r"causette_7860=[\w-]{43}; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax", answer.headers["set-cookie"]
    )
    cookie = cookie_of(answer)
    assert status(login, cookie=f"other=1; {cookie}; more=2") == 200
    out = asyncio.run(asked(login, "/logout", cookie=cookie))
    assert (out.status, out.headers["location"]) == (303, "/login") and "Max-Age=0" in out.headers["set-cookie"]
    assert status(login, cookie=cookie) == 401
    assert sent(login, path="/en/login").headers["location"] == "/en/"


def test_the_cookie_is_for_https_alone_where_there_is_https(file):
    assert "; Secure" in sent(Login(welcome, accounts=AccountsFile(file)), scheme="https").headers["set-cookie"]
    behind = Login(welcome, accounts=AccountsFile(file), behind_proxy=True)
    assert "; Secure" in sent(behind, x_forwarded_proto="https").headers["set-cookie"]
    alone = Login(welcome, accounts=AccountsFile(file))
    assert "Secure" not in sent(alone, x_forwarded_proto="https").headers["set-cookie"]


def test_a_session_ends_after_half_a_day_without_a_request(login, clock):
    cookie = cookie_of(sent(login))
    for _ in range(3):
        clock.now += IDLE - 1
        assert status(login, cookie=cookie) == 200
    clock.now += IDLE + 1
    assert status(login, cookie=cookie) == 401


def test_a_session_ends_with_its_account_and_with_its_password(login, file):
    cookie = cookie_of(sent(login))
    other = Account.of("Ali", PASSWORD, cost=COST)
    write_accounts(file, {NAME: login._accounts._accounts[NAME], "Ali": other})
    assert status(login, cookie=cookie) == 200
    write_accounts(file, {NAME: Account.of(NAME, PASSWORD + "!", cost=COST), "Ali": other})
    assert status(login, cookie=cookie) == 401
    assert sent(login).status == 401
    write_accounts(file, {"Ali": other})
    assert sent(login, b"name=Zo%C3%A9&password=quatre").status == 401


def test_sessions_are_bounded_and_hold_no_token(clock):
    sessions = Sessions(clock)
    tokens = [sessions.begin("a", "m") for _ in range(SESSIONS + 1)]
    assert len(sessions) == SESSIONS and len(set(tokens)) == SESSIONS + 1
    assert sessions.account_of(tokens[0]) is None and sessions.account_of(tokens[-1]) == ("a", "m")
    assert not any(tokens[-1].encode() in key for key in sessions._open)


# -- refused --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [WRONG, b"", b"name=&password=", b"\xff\xfe", b"name=%FF&password=%FF", b"password=quatre+mots", b"a=b&" * 5000,
     b'{"name": 1}', b"name=%00&password=%00", b"name=-&password=" + b"a" * 2000],
)  # fmt: skip
def test_a_wrong_form_brings_nobody_in(login, body):
    answer = sent(login, body)
    assert answer.status == 401 and "Nom ou mot de passe inexact" in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.test"}, {"origin": "null"}, {"origin": ""}, {"origin": "http://127.0.0.1:7860", "sec_fetch_site": "cross-site"}],
)  # fmt: skip
def test_the_form_of_another_site_is_refused(login, headers):
    assert sent(login, **headers).status == 403


def test_another_site_logs_nobody_out(login):
    cookie = cookie_of(sent(login))
    assert status(login, "/logout", cookie=cookie, sec_fetch_site="cross-site") == 403
    assert status(login, cookie=cookie) == 200


def test_five_tries_then_delays_that_double(login, clock):
    assert [sent(login, WRONG).status for _ in range(6)] == [401] * 5 + [429]
    assert "attendez encore 30\u00a0s" in sent(login).text
    assert sent(login).status == 429  # even the right one, and it does not count
    for delay in (FIRST_DELAY, 60, 120, 240, 480, LONGEST_DELAY, LONGEST_DELAY):
        clock.now += delay - 1
        assert sent(login).status == 429
        clock.now += 1
        assert sent(login, WRONG).status == 401
    clock.now += LONGEST_DELAY
    assert sent(login).status == 303


def wrong(login, number, **more):
    return sent(login, f"name=n{number}&password=x".encode(), **more).status


def test_nobody_shuts_an_account_for_its_owner(login):
    for number in range(8):
        for _ in range(6):
            sent(login, WRONG, client=f"10.0.0.{number}")
    assert sent(login, client="10.0.0.1").status == 429
    assert sent(login, client="10.0.1.1").status == 303


def test_the_mistakes_of_some_do_not_shut_out_a_class_behind_one_address(login, clock):
    for _ in range(6):
        sent(login, WRONG)
    assert sent(login).status == 429
    assert [wrong(login, number) for number in range(45)] == [401] * 45
    assert wrong(login, 45) == 429  # fifty are enough for one client, with whatever names
    assert wrong(login, 45, client="10.9.9.8") == 401
    clock.now += FIRST_DELAY
    assert sent(login).status == 303


def test_one_s_own_mistakes_are_forgiven_and_give_the_client_room(login, clock):
    for number in range(46):
        wrong(login, number)
    for _ in range(3):
        sent(login, WRONG)
    assert sent(login).status == 303
    assert [wrong(login, number) for number in range(100, 105)] == [401] * 4 + [429]


def test_an_account_of_one_s_own_does_not_free_to_guess(login):
    for number in range(49):
        wrong(login, number)
    assert sent(login).status == 303
    assert [wrong(login, number) for number in range(49, 51)] == [401, 429]


def test_failures_are_forgotten_in_time_and_in_number(clock):
    lockout = Lockout(clock)
    for _ in range(8):
        lockout.failed("a", "c")
    clock.now += 3601
    lockout.failed("a", "c")
    assert lockout.wait("a", "c") == 0
    for number in range(15_000):
        lockout.failed(str(number), str(number))
    assert len(lockout) == 20_000
    assert (in_words(29.2), in_words(90), in_words(91)) == ("30 s", "90 s", "2 min")


def test_one_password_at_a_time_and_a_bounded_line():
    """Guesses sent at once are judged one by one, each after the failures of those before it."""
    judged, gate = [], threading.Event()

    class Slow:
        def check(self, name, password):
            judged.append(name)
            assert gate.wait(PATIENCE)
            return False

        def mark(self, name):
            return ""

    login = Login(welcome, accounts=Slow())

    async def many():
        tries = [
            asyncio.ensure_future(
                asked(login, "/login", method="POST", body=b"name=a&password=b", origin="http://127.0.0.1:7860")
            )
            for _ in range(IN_LINE + 3)
        ]
        while sum(task.done() for task in tries) < 3 or not judged:  # those for whom there is no place
            await asyncio.sleep(0.001)
        assert judged == ["a"]
        gate.set()
        return [(await task).status for task in tries]

    statuses = asyncio.run(asyncio.wait_for(many(), PATIENCE))
    assert statuses == [401] * 5 + [429] * 3 + [503] * 3
    assert len(judged) == 5


def test_no_password_and_no_token_in_logs_or_answers(login, caplog):
    caplog.set_level(logging.DEBUG)
    answers = [sent(login), sent(login, WRONG), sent(login, FORM.replace(b"name=Zo%C3%A9", b"name=x"))]
    token = cookie_of(answers[0]).partition("=")[2]
    told = caplog.text + "".join(answer.text for answer in answers) + repr(vars(login))
    assert PASSWORD not in told and token not in told and "ce n est pas lui" not in told


# -- the page --------------------------------------------------------------------------------------------------------------


def test_the_document_escapes_and_speaks_the_reader_s_language(file):
    with speaking("fr"):
        page = login_page('<b>"T"</b>', "/login", name='"><script>', notice="<i>")
        assert "<b>" not in page and "<script>" not in page and "<i>" not in page
        assert 'lang="fr"' in page and "Mot de passe" in page
    login = Login(welcome, accounts=AccountsFile(file), two_languages=True)
    english = asyncio.run(asked(login, "/en/login"))
    assert 'lang="en"' in english.text and "Password" in english.text
    assert 'action="/en/login"' in english.text and 'href="/login"' in english.text
    french = asyncio.run(asked(login, "/login"))
    assert 'href="/en/login"' in french.text
    assert french.headers["cache-control"] == "no-store"


@pytest.fixture(scope="module")
def page():
    return build_page(PageContent(chat=Parrot(), sampling=Sampling(max_new_tokens=24)))


# -- the same name, no name, a name too late -----------------------------------------------------------------------------


def test_a_name_typed_in_another_way_is_the_same_name(login):
    decomposed = "name=Zoe%CC%81&password="
    assert [sent(login, body).status for body in [WRONG] * 5] == [401] * 5
    assert sent(login, (decomposed + "x").encode()).status == 429  # else it had five tries more
    right = decomposed + PASSWORD.replace(" ", "+").replace("è", "%C3%A8")
    other = sent(login, right.encode(), client="10.0.0.2")
    assert other.status == 303 and status(login, cookie=cookie_of(other)) == 200
    lockout = Lockout(Clock())
    for _ in range(5):
        lockout.failed("Zoé", "c")
    assert lockout.wait("Zoe\u0301", "c") > 0


def test_an_account_that_goes_while_it_is_judged_opens_no_session(clock):
    class Going:
        there = True

        def check(self, name, password):
            self.there = not self.there
            return True

        def mark(self, name):
            return "m" if self.there else ""

    accounts = Going()
    login = Login(welcome, accounts=accounts, sessions=Sessions(clock))
    gone = sent(login)
    assert gone.status == 303 and status(login, cookie=cookie_of(gone)) == 401  # its mark is no more
    assert sent(login).status == 401  # and it comes back while it is judged
    with pytest.raises(ValueError, match="account"):
        Sessions(clock).begin("a", "")


def test_in_a_browser_without_script_on_a_phone(page, file, browser):
    layers = [(Guard, {"more": ADDRESSES}), (Login, {"accounts": AccountsFile(file), "two_languages": True})]
    with guarded(page, layers) as address:
        bare = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
        tab, elsewhere, complaints = bare.new_page(), [], []
        tab.set_default_timeout(PATIENCE * 1000)
        tab.on("request", lambda r: r.url.startswith((address, "data:")) or elsewhere.append(r.url))
        tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        tab.goto(address)
        assert tab.url == address + "login"
        assert tab.title() == "Se connecter – Causette"
        tab.keyboard.type(NAME)  # the name has the focus
        tab.keyboard.press("Tab")
        tab.keyboard.type("faux, mais assez long")
        tab.keyboard.press("Enter")
        tab.get_by_role("alert").get_by_text("Nom ou mot de passe inexact").wait_for()
        assert tab.get_by_label("Nom", exact=True).input_value() == NAME
        assert tab.get_by_label("Mot de passe").input_value() == ""
        assert tab.locator("html").bounding_box()["width"] <= 390
        assert [text for text in complaints if "401" not in text] == []
        tab.get_by_label("Mot de passe").fill(PASSWORD)
        tab.get_by_role("button", name="Se connecter").click()
        tab.wait_for_url(address)
        state = bare.storage_state()
        bare.close()

        context = browser.new_context(storage_state=state)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE * 1000)
        tab.goto(address)
        tab.get_by_role("textbox", name="Votre question").fill("Bonjour")
        tab.get_by_role("button", name="Envoyer").click()
        tab.locator(".figures").wait_for()
        tab.goto(address + "logout")
        assert tab.url == address + "login"
        context.close()
        assert elsewhere == []
