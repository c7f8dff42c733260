"""A model behind an address: our own API as the server, and servers that are strange, slow, rude or gone."""

import io
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from app.api.routes import api_name
from app.main import main
from app.page.chat import ChatTab
from app.page.content import PageContent
from app.page.conversation import Conversation
from app.page.masthead import masthead
from app.page.serve import build_page
from app.page.warm_up import WarmUp
from chatbot.dialogue import assistant, user
from chatbot.errors import BusyError, InputError, WorldError
from chatbot.language import speaking
from chatbot.remote import KEY, URL, RemoteChat
from chatbot.sampling import Sampling
from chatbot.session import ChatSession
from tests.app.served import SAMPLING, reading, served_api
from tests.gate import until
from tests.loopback import Answering, serving

QUESTION = "Où est ma commande ?"


@pytest.fixture
def remote(address):
    return RemoteChat(address)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in (URL, KEY):
        monkeypatch.delenv(name, raising=False)


# -- another Causette ------------------------------------------------------------------------------------------------


def test_the_same_answer_as_here(chat, remote):
    for messages in ([user(QUESTION)], [user("Bonjour ?"), assistant("Bonjour."), user(QUESTION)]):
        for sampling in (
            SAMPLING,
            Sampling(temperature=1.4, top_p=0.9, seed=3, max_new_tokens=20),
            Sampling(temperature=2, top_k=3, repetition_penalty=1.5, seed=3, max_new_tokens=20),
        ):
            here, there = chat.reply(messages, sampling), remote.reply(messages, sampling)
            assert there.text() == here.text()
            assert there.answer.prompt_tokens == here.answer.prompt_tokens
            assert there.answer.new_tokens == here.answer.new_tokens
            assert (there.answer.finish == "length") == (here.answer.finish == "length")
            assert 0 < there.answer.first_seconds <= there.answer.seconds


def test_what_is_known_of_the_model(chat, remote):
    assert (remote.name, remote.context) == (api_name(chat), 128)
    assert (remote.parameters, remote.exchanges) == (chat.parameters, chat.exchanges)
    assert "contexte de 128 jetons" in masthead(remote, "Causette")


def test_probabilities_are_those_of_here(chat, remote):
    here, there = (each.reply([user(QUESTION)], SAMPLING, likely=4) for each in (chat, remote))
    assert here.text() == there.text()
    for one, other in zip(here.answer.tokens, there.answer.tokens, strict=True):
        assert (one.text, [each.text for each in one.likeliest]) == (
            other.text,
            [each.text for each in other.likeliest],
        )
        assert one.probability == pytest.approx(other.probability)
    bare = remote.reply([user(QUESTION)], SAMPLING)
    assert bare.text() == here.answer.text and bare.answer.tokens == []


def test_forgotten_messages_are_told(chat, remote):
    turns = [
        turn for _ in range(9) for turn in (user("Bonjour, où en est ma commande ?"), assistant("Elle part demain."))
    ]
    here, there = (each.reply([*turns, user(QUESTION)], SAMPLING) for each in (chat, remote))
    assert here.text() == there.text() and here.answer.dropped_turns == there.answer.dropped_turns > 0


def test_an_error_is_told_in_the_reader_s_language(remote):
    """By the server, which is asked in it, and by the thread that reads its answer."""
    with speaking("en"), pytest.raises(InputError, match="the model reads"):
        remote.reply([user("commande " * 200)], SAMPLING).text()
    with server(sse("{")) as url:
        strange = RemoteChat(url)
        with speaking("en"), pytest.raises(WorldError, match="unreadable answer"):
            strange.reply([user(QUESTION)], SAMPLING).text()


def test_a_server_that_gives_no_probabilities_leaves_none():
    with server(sse(chunk("Oui"), chunk(".", "stop"), "[DONE]")) as url:
        reply = RemoteChat(url).reply([user(QUESTION)], SAMPLING, likely=3)
        assert reply.text() == "Oui." and reply.answer.tokens == []


def test_it_streams(remote, gate):
    gate.let(4)
    reply = remote.reply([user(QUESTION)], SAMPLING)
    early = next(reply.pieces)
    gate.let()
    assert early + "".join(reply) == reply.answer.text and reply.answer.new_tokens == 24


def test_giving_up_from_another_thread_frees_the_server_too(chat, remote, gate):
    gate.let(4)
    reply = remote.reply([user(QUESTION)], Sampling(max_new_tokens=90))
    got = [next(reply.pieces)]
    waits = threading.Thread(target=lambda: got.extend(reply))
    waits.start()
    reply.cancel()
    waits.join(30)
    assert not waits.is_alive() and reply.answer.finish == "cancelled"
    until(lambda: not reading("api"), "seeing that nobody listens")
    gate.let()
    until(lambda: chat.generator._thread is None, "coming to rest")


def test_an_answer_given_up_before_it_began_says_nothing(remote):
    reply = remote.reply([user(QUESTION)], SAMPLING)
    reply.cancel()
    assert reply.text() == "" and reply.answer.finish == "cancelled"


def test_a_slow_reader_gets_what_has_come_meanwhile(chat, remote, gate):
    gate.let(4)
    reply = remote.reply([user(QUESTION)], SAMPLING)
    next(reply.pieces)
    gate.let()
    until(lambda: not reading("remote"), "hearing the end")
    shown = reply.answer.text
    (rest,) = reply
    assert shown + rest == reply.answer.text == chat.reply([user(QUESTION)], SAMPLING).text()


def test_who_leaves_before_the_server_answers_does_not_wait(remote, gate):
    gate.let(0)
    reply = remote.reply([user(QUESTION)], SAMPLING)
    got = []
    waits = threading.Thread(target=lambda: got.extend(reply))
    waits.start()
    until(lambda: reading("api"), "asking")
    reply.cancel()
    waits.join(30)
    assert not waits.is_alive() and got == [] and reply.answer.finish == "cancelled"


def test_a_session_and_the_page_talk_to_it(chat, remote):
    session = ChatSession(remote, SAMPLING)
    here = ChatSession(chat, SAMPLING)
    for question in ("Bonjour ?", QUESTION):
        assert "".join(session.ask(question)) == "".join(here.ask(question))

    tab = ChatTab(PageContent(chat=remote, sampling=SAMPLING))
    conversation = Conversation()
    tab.ask(conversation, QUESTION, 0.0, 1.0, 0, 1.0, 24)
    *_, last = tab.listen(conversation)
    assert conversation.turns[0].answer.text == chat.reply([user(QUESTION)], SAMPLING).text()
    assert "24 jetons" in last[1]["content"][1]["value"].replace("\u00a0", " ")
    with WarmUp(remote, SAMPLING) as warm_up:  # nothing is compiled here
        warm_up.wait_for_first()
    assert build_page(PageContent(chat=remote, sampling=SAMPLING))


def test_a_message_that_does_not_fit_is_told_in_the_server_s_words(remote):
    with pytest.raises(InputError, match=r"HTTP 400.*le modèle en lit"):
        remote.reply([user("commande " * 200)], SAMPLING).text()


def test_a_full_server_is_busy(chat, address, remote, monkeypatch):
    def full(*_):
        raise BusyError("plein")

    monkeypatch.setattr(chat.generator, "bursts", full)
    with pytest.raises(BusyError, match="Réessayez"):
        remote.reply([user(QUESTION)], SAMPLING).text()


def test_a_key_goes_to_the_server_and_nowhere_else(chat, capsys, monkeypatch):
    secret = "sk-secret-123"
    with served_api(chat, key=secret) as address:
        assert RemoteChat(address, key=secret).reply([user(QUESTION)], SAMPLING).text()
        for wrong in ("", "sk-other-456"):
            with pytest.raises(InputError, match="OPENAI_API_KEY") as refused:
                RemoteChat(address, key=wrong)
            assert "sk-" not in str(refused.value)
        monkeypatch.setenv(KEY, secret)
        piped(monkeypatch, QUESTION)
        assert main(["chat", "--engine", "openai", "--base-url", address]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() and secret not in captured.out + captured.err


# -- the command line ------------------------------------------------------------------------------------------------


def piped(monkeypatch, *lines):
    text = "".join(f"{line}\n" for line in lines).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))


def test_the_terminal(chat, address, capsys, monkeypatch):
    piped(monkeypatch, QUESTION)
    assert main(["chat", "--engine", "openai", "--base-url", address, "--max-tokens", "24", "--top-p", "1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == chat.reply([user(QUESTION)], SAMPLING).text() + "\n"
    assert api_name(chat) in captured.err

    monkeypatch.setenv(URL, address)
    piped(monkeypatch, QUESTION)
    assert main(["chat", api_name(chat), "--engine", "openai"]) == 0


def test_a_failure_is_a_note_and_the_conversation_goes_on(address, capsys, monkeypatch):
    piped(monkeypatch, "commande " * 200, QUESTION)
    assert main(["chat", "--engine", "openai", "--base-url", address]) == 2
    captured = capsys.readouterr()
    assert captured.out.strip() and "HTTP 400" in captured.err


@pytest.mark.parametrize(
    ("call", "status", "said"),
    [
        (["chat", "--engine", "openai"], 2, "--base-url"),
        (["chat", "--base-url", "http://127.0.0.1:1/v1"], 2, "--engine openai"),
        (["chat", "--engine", "openai", "--base-url", "ftp://x"], 2, "http(s)"),
        (["chat", "--engine", "openai", "--base-url", "http://moi:secret@x/v1"], 2, "sans identifiants"),
        (["chat", "--engine", "openai", "--base-url", "http://127.0.0.1:9/v1", "--weights", "int8"], 2, "--weights"),
        (["serve", "--engine", "openai", "--base-url", "http://127.0.0.1:9/v1"], 1, "aucun serveur"),
        (["chat", "--engine", "vllm"], 2, "openai"),
    ],
)
def test_wrong_calls(call, status, said, capsys):
    assert main(call) == status
    assert said in capsys.readouterr().err.replace("\u00a0", " ")


def test_the_api_is_not_served_for_another_server(address, capsys):
    assert main(["serve", "--engine", "openai", "--base-url", address, "--api"]) == 2
    assert "--api" in capsys.readouterr().err


def test_an_unknown_model_is_told_with_those_there_are(address, chat):
    with pytest.raises(InputError, match=f"« gpt-4 ».*{api_name(chat)}".replace(" ", "[ \u00a0]")):
        RemoteChat(address, "gpt-4")


def test_a_remote_chat_needs_no_keras(address):
    """It starts at once: neither Keras nor TensorFlow is loaded."""
    code = (
        f"import sys; from chatbot.remote import RemoteChat; RemoteChat({address!r}); "
        "sys.exit(any(name in sys.modules for name in ('keras', 'tensorflow', 'numba')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- strange servers -------------------------------------------------------------------------------------------------


@contextmanager
def server(answer, models=("m",), version="HTTP/1.0"):
    """A server whose answers to a chat are what `answer(handler)` writes; with HTTP/1.1 it keeps its connections."""

    class Handler(Answering):
        protocol_version = version

        def do_GET(self):
            self.json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in models]})

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            answer(self)

        def json(self, status, value):
            self.whole(status, "application/json", json.dumps(value).encode())

    with serving(Handler) as address:
        yield address


def sse(*events):
    return lambda handler: handler.whole(200, "text/event-stream", "".join(f"data: {e}\n\n" for e in events).encode())


def chunk(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})


def said_by(answer):
    with server(answer) as url:
        reply = RemoteChat(url).reply([user(QUESTION)], SAMPLING)
        reply.text()
        return reply.answer


@pytest.mark.parametrize("reason", [None, "content_filter"])
def test_an_end_that_is_not_told_is_not_called_a_cut(reason, capsys, monkeypatch):
    with server(sse(chunk("Oui"), chunk(".", reason), "[DONE]")) as url:
        piped(monkeypatch, "debug", QUESTION)
        assert main(["chat", "--engine", "openai", "--base-url", url]) == 0
    told = capsys.readouterr().err
    assert "coupée" not in told and "fin non précisée par le serveur" in told


def test_a_failure_told_in_the_middle_is_in_the_server_s_words():
    with server(sse(chunk("Oui"), json.dumps({"error": {"message": "plus de place", "code": None}}))) as url:
        reply = RemoteChat(url).reply([user(QUESTION)], SAMPLING)
        with pytest.raises(WorldError, match="plus de place"):
            reply.text()
    assert reply.answer.text == "Oui"


def test_a_refusal_in_a_pipe_leaves_no_empty_line(address, capsys, monkeypatch):
    piped(monkeypatch, "commande " * 200, QUESTION)
    main(["chat", "--engine", "openai", "--base-url", address])
    assert not capsys.readouterr().out.startswith("\n")


def test_an_answer_s_end_does_not_cut_the_next_one_on_its_connection():
    """A server that keeps its connections, and whose streams end without [DONE]; many readers of one chat."""
    with server(sse(chunk("Oui"), chunk(".", "stop")), version="HTTP/1.1") as url:
        remote, got = RemoteChat(url), []

        def read():
            for _ in range(20):
                try:
                    got.append(remote.reply([user(QUESTION)], SAMPLING).text())
                except WorldError as error:
                    got.append(error)

        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(60)
    assert got == ["Oui."] * 160


def test_a_question_is_asked_once(monkeypatch):
    """A server that says nothing in time, and one that is busy: whoever asked decides whether to ask again."""
    monkeypatch.setattr("chatbot.remote.PATIENCE", 2.5)
    posts, free = [], threading.Event()

    def silent(handler):
        posts.append("silent")
        free.wait(30)

    def busy(handler):
        posts.append("busy")
        handler.json(429, {"error": {"message": "no"}})

    with server(silent) as url:
        with pytest.raises(WorldError, match=r"pas de réponse en 2\.5"):
            RemoteChat(url).reply([user(QUESTION)], SAMPLING).text()
        free.set()
    with server(busy) as url, pytest.raises(BusyError):
        RemoteChat(url).reply([user(QUESTION)], SAMPLING).text()
    assert posts == ["silent", "busy"]


def test_nothing_of_the_environment_is_sent(monkeypatch):
    for name, value in {
        "OPENAI_ORG_ID": "org-private", "OPENAI_PROJECT_ID": "proj-private", "OPENAI_CUSTOM_HEADERS": "x-secret: abc",
        "OPENAI_API_KEY": "sk-environment", "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    seen = []

    def answer(handler):
        seen.append({name.lower(): value for name, value in handler.headers.items()})
        sse(chunk("Oui", "stop"), "[DONE]")(handler)

    with server(answer) as url:
        for key in ("", "sk-given"):
            RemoteChat(url, key=key).reply([user(QUESTION)], SAMPLING).text()
    assert "private" not in str(seen) and "abc" not in str(seen) and "environment" not in str(seen)
    assert "authorization" not in seen[0] and seen[1]["authorization"] == "Bearer sk-given"
    assert not any(name.startswith("x-stainless") for headers in seen for name in headers)


@pytest.mark.parametrize("key", ["sk ", " sk", "s k", "sk\n", "clé", "s\x00k"])
def test_a_key_that_no_header_holds_is_refused(key, monkeypatch, capsys):
    with pytest.raises(InputError, match="Recopiez-la"):
        RemoteChat("http://127.0.0.1:9/v1", key=key)
    monkeypatch.setattr("os.environ", {**os.environ, "CAUSETTE_API_KEY": key})
    assert main(["serve", "mini", "--api"]) == 2  # before a model is loaded
    assert "Recopiez-la" in capsys.readouterr().err


def test_a_server_that_counts_nothing():
    answer = said_by(sse(chunk("Oui"), chunk(".", "stop"), "[DONE]"))
    assert (answer.text, answer.finish, answer.new_tokens) == ("Oui.", "end", 0)


def test_figures_leave_out_what_the_server_does_not_count(capsys, monkeypatch):
    with server(sse(chunk("Oui."), chunk("", "stop"), "[DONE]")) as url:
        piped(monkeypatch, "debug", QUESTION)
        assert main(["chat", "--engine", "openai", "--base-url", url]) == 0
    figures = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("["))
    assert "jetons" not in figures and "premier texte en" in figures


@pytest.mark.parametrize(
    "answer",
    [
        sse("{"), sse('"text"'), sse('{"choices": [{"delta": 3}]}'), sse('{"choices": 3}'),
        lambda handler: handler.whole(200, "text/html", b"<html>Bonjour</html>"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told(answer):
    with server(answer) as url, pytest.raises(WorldError, match="illisible"):
        RemoteChat(url).reply([user(QUESTION)], SAMPLING).text()


def test_a_connection_cut_in_the_middle_is_told():
    def cut(handler):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("content-length", "10000")
        handler.end_headers()
        handler.wfile.write(f"data: {chunk('Oui')}\n\n".encode())
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    with server(cut) as url:
        reply = RemoteChat(url).reply([user(QUESTION)], SAMPLING)
        with pytest.raises(WorldError, match="la connexion s'est coupée"):
            reply.text()
    assert reply.answer.text == "Oui"


@pytest.mark.parametrize(
    ("status", "kind"), [(500, WorldError), (400, InputError), (403, InputError), (404, InputError)]
)
def test_refusals_are_told_without_the_key(status, kind):
    secret = "sk-secret-123"

    def refuse(handler):
        handler.json(status, {"error": {"message": f"no: \x1b[31m{secret} {'x' * 270} {secret}"}})

    with server(refuse) as url, pytest.raises(kind) as refused:
        RemoteChat(url, key=secret).reply([user(QUESTION)], SAMPLING).text()
    assert "sk-" not in str(refused.value) and "\x1b" not in str(refused.value) and url in str(refused.value)


def test_several_models_must_be_chosen_from():
    with server(sse(chunk("Oui", "stop"), "[DONE]"), models=("a", "b", "evil\x1b[31m")) as url:
        with pytest.raises(InputError, match="a, b") as refused:
            RemoteChat(url)
        assert "\x1b" not in str(refused.value)
        assert RemoteChat(url, "b").reply([user(QUESTION)]).text() == "Oui"


def test_text_of_a_server_cannot_drive_the_terminal(capsys, monkeypatch):
    with server(sse(chunk("a\x1b[31mb", "stop"), "[DONE]")) as url:
        piped(monkeypatch, QUESTION)
        assert main(["chat", "--engine", "openai", "--base-url", url]) == 0
    assert capsys.readouterr().out == "a[31mb\n"
