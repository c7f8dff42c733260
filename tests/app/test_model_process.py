"""A model in a process of its own: the same answers, and what becomes of them when that process is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from app.api.forward import forwarded
from app.model_child import Loading
from app.model_process import RESTARTS, ModelProcess
from app.serving import NEAR
from chatbot.dialogue import assistant, user
from chatbot.errors import InputError, TooLongError, WorldError
from chatbot.language import speaking
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.app.served import SAMPLING
from tests.app.test_api import (  # noqa: F401  what holds of the API holds of one that hands requests on
    asked,
    client,
    model,
    test_a_form_of_a_page_from_elsewhere_is_refused,
    test_a_name_of_elsewhere_that_leads_here_is_refused,
    test_a_whole_answer_is_that_of_the_terminal,
    test_bad_requests_are_refused_with_the_reason,
    test_errors_are_told_in_the_client_s_language,
    test_models_are_listed_and_found,
    test_more_tokens_than_the_context_are_the_context,
    test_plain_text_is_continued,
    test_probabilities_are_told_in_openai_s_form,
    test_sampling_is_followed,
    test_several_choices_are_each_drawn_anew,
    test_system_messages_and_several_of_one_role_become_one,
    test_the_conversation_counts,
    test_the_lines_of_a_stream_end_with_done,
    test_unknown_addresses_are_told_what_there_is,
    test_what_is_no_json_is_refused,
    too_large,
)
from tests.gate import until

QUESTION = [user("Où est ma commande ?")]
LONG = ("commande " * 200).strip()
ENDLESS = Sampling(max_new_tokens=120)
RESTARTING = "Le modèle s'est arrêté et redémarre"


@pytest.fixture(scope="module")
def lines():
    return []


@pytest.fixture(scope="module")
def loading(tiny_preset):
    """As a generic model beside a fine-tuned one is loaded."""
    return Loading(model=str(tiny_preset), weights="int8", template="alpaca")


@pytest.fixture(scope="module")
def process(loading, lines):
    """One for all tests, in their order: the last ones kill it."""
    with ModelProcess(loading, say=lines.append, sampling=SAMPLING) as process:
        yield process.wait()


@pytest.fixture(scope="module")
def here(loading):
    return ChatModel(load_model(loading.model, template=loading.template), loading.weights)


@pytest.fixture(scope="module")
def chat(here):
    return here


@contextmanager
def served(app):
    """The base address of an application, ending in /v1."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=[Mount("/v1", app=app)]), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, args=([listening],))
    running.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    server.should_exit = True
    running.join(30)


@pytest.fixture(scope="module")
def address(process):
    with served(forwarded(process, SAMPLING, hosts=NEAR)) as address:
        yield address


def gone(pid):
    """Whether a process has ended; one that waits to be buried by the system has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def buried(pid):
    return not Path(f"/proc/{pid}").exists()


def kill(process):
    pid = process.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: process.pid != pid or process.state in ("down", "closed"), "noticing")


def test_a_request_that_is_too_large_is_refused_where_no_page_is_around_it_too(address):
    assert too_large(address) == "La requête dépasse 1 Mio."


# -- the same as in this process -------------------------------------------------------------------------------------


def test_answers_are_those_of_here(process, here):
    turns = [user("Bonjour ?"), assistant("Bonjour."), *QUESTION]
    drawn = Sampling(temperature=1.4, top_k=20, top_p=0.9, repetition_penalty=1.2, seed=3, max_new_tokens=20)
    with_context = [user("Où est-elle ?", context="La commande est partie hier.")]
    for messages in (QUESTION, turns, with_context):
        for sampling in (SAMPLING, drawn):
            one, other = here.reply(messages, sampling, likely=3), process.reply(messages, sampling, likely=3)
            assert one.text() == other.text() and one.answer.new_tokens == other.answer.new_tokens
            assert [each.text for each in one.answer.tokens] == [each.text for each in other.answer.tokens]


def test_the_template_that_is_asked_for(process, tiny_model):
    prompts = [each.reply(QUESTION, SAMPLING) for each in (process, ChatModel(tiny_model))]
    assert [reply.text() != "" for reply in prompts] == [True, True]
    assert prompts[0].answer.prompt_tokens > prompts[1].answer.prompt_tokens


def test_what_is_known_of_the_model(process, here):
    for fact in ("name", "context", "parameters", "exchanges", "at_once"):
        assert getattr(process, fact) == getattr(here, fact)


def test_it_streams_and_is_given_up(process):
    reply = process.reply(QUESTION, ENDLESS)
    assert next(reply.pieces)
    reply.cancel()
    for _ in reply:
        pass
    assert reply.answer.finish == "cancelled"


def test_errors_are_those_of_here_in_the_reader_s_language(process, here):
    for language in ("fr", "en"):
        with speaking(language):
            with pytest.raises(TooLongError) as expected:
                here.reply([user(LONG)], SAMPLING)
            with pytest.raises(TooLongError) as told:
                process.reply([user(LONG)], SAMPLING).text()
            assert str(told.value) == str(expected.value)


def test_the_key_is_asked_for_and_stands_in_no_call(process):
    url, key = process.address()
    assert httpx.get(f"{url}/models").status_code == 401
    assert httpx.get(f"{url}/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert key not in Path(f"/proc/{process.pid}/cmdline").read_text()
    assert key not in Path(f"/proc/{process.pid}/environ").read_text()


# -- its API, as that of a page ---------------------------------------------------------------------------------------


def test_the_page_s_key_is_asked_for_and_not_the_inner_one(process, model):  # noqa: F811
    with served(forwarded(process, SAMPLING, "sesame-ouvre")) as address:
        for key in ("x", process.address()[1]):
            with pytest.raises(openai.AuthenticationError, match="Clé"):
                openai.OpenAI(base_url=address, api_key=key, max_retries=0).models.list()
        assert openai.OpenAI(base_url=address, api_key="sesame-ouvre").chat.completions.create(**asked(model)).choices


def test_a_client_that_leaves_ends_its_answer_there(process, address, model):  # noqa: F811
    """While the model's process does nothing: it is not its own end that closes the connection to it."""
    there, here = (urlsplit(each) for each in (process.address()[0], address))
    before = connections_to(there.port)
    body = json.dumps(asked(model, stream=True)).encode()
    os.kill(process.pid, signal.SIGSTOP)
    try:
        with socket.create_connection((here.hostname, here.port)) as client:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {here.hostname}\r\ncontent-length: {len(body)}\r\n"
            client.sendall(head.encode() + b"content-type: application/json\r\n\r\n" + body)
            until(lambda: connections_to(there.port) == before + 1, "handing it on")
        until(lambda: connections_to(there.port) == before, "closing the connection")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert httpx.post(f"{address}/chat/completions", json=asked(model), timeout=60).status_code == 200


def connections_to(port):
    """How many are open to a port of this machine, seen from the side that opened them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


# -- when it cannot be loaded ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_model_that_cannot_be_loaded_is_told_as_here(tmp_path, language):
    with speaking(language):
        with pytest.raises(InputError) as expected:
            load_model(str(tmp_path))
        process = ModelProcess(str(tmp_path))
        with pytest.raises(InputError) as told:
            process.wait()
        with pytest.raises(InputError):
            process.name  # noqa: B018
        process.close()
    assert str(told.value) == str(expected.value) and told.value.exit_status == 2
    assert process.state == "closed" or process.state == "down"


def test_a_process_that_ends_while_it_loads_is_told(tiny_preset):
    process = ModelProcess(str(tiny_preset))
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(WorldError, match="SIGKILL"):
        process.wait()
    assert buried(process.pid)
    process.close()


# -- when it is killed -----------------------------------------------------------------------------------------------


def test_killed_in_the_middle_of_an_answer(process, here, lines, caplog, address):
    """Who reads is told at once; then the model is back, and answers as before."""
    expected = here.reply(QUESTION, SAMPLING).text()
    first, url = process.pid, process.address()[0]
    early = process.reply(QUESTION, ENDLESS)
    shown = next(early.pieces)
    os.kill(first, signal.SIGSTOP)  # so that the next question is not answered before the end
    waiting = process.reply(QUESTION, ENDLESS)
    told = []

    def read():
        with pytest.raises(WorldError) as error:
            waiting.text()
        told.append(str(error.value))

    def ask():
        told.append(httpx.post(f"{address}/chat/completions", json=asked("tiny"), timeout=60).text)

    readers = [threading.Thread(target=each) for each in (read, ask)]
    for reader in readers:
        reader.start()
    kill(process)
    for reader in readers:
        reader.join(30)
    assert len(told) == 2 and all(RESTARTING in each.replace("\\u00e8", "è").replace("\\u00ea", "ê") for each in told)
    try:
        assert early.text() and early.answer.finish == "length"  # all of it had come before the signal
    except WorldError as error:
        assert RESTARTING in str(error) and early.answer.text.startswith(shown)
    with speaking("en"), pytest.raises(WorldError, match="ask again in a moment"):
        process.reply(QUESTION, SAMPLING)
    refused = httpx.post(f"{address}/chat/completions", json={"messages": []})
    assert refused.status_code == 503 and RESTARTING in refused.json()["error"]["message"].replace("\u00a0", " ")

    process.wait()
    assert httpx.get(f"{address}/models").status_code == 200
    assert process.reply(QUESTION, SAMPLING).text() == expected
    assert process.pid != first and buried(first)
    assert "SIGKILL" in caplog.text and "SIGKILL" in lines[1] and "revenu" in lines[2]
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/models")


def test_after_too_many_stops_it_stays_down(process, monkeypatch):
    assert RESTARTS == 3
    monkeypatch.setattr("app.model_process.RESTARTS", 0)
    kill(process)
    with pytest.raises(WorldError, match="n'est plus redémarré"):
        process.wait()
    with pytest.raises(WorldError, match=r"SIGKILL.*n'est plus redémarré"):
        process.reply(QUESTION, SAMPLING)
    assert buried(process.pid)
    process.close()
    with pytest.raises(WorldError, match="s'arrête"):
        process.reply(QUESTION, SAMPLING)


def test_it_ends_with_its_parent(tiny_preset):
    """Which is killed itself, and can tell nobody."""
    code = (
        "import sys, threading; from app.model_process import ModelProcess\n"
        f"process = ModelProcess({str(tiny_preset)!r})\n"
        "print(process.pid, flush=True); process.wait(); print('ready', flush=True); threading.Event().wait()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "ready\n"
        parent.kill()
    until(lambda: gone(child), "ending with its parent")


def test_closing_while_it_loads(tiny_preset):
    process = ModelProcess(str(tiny_preset))
    pid = process.pid
    process.close()
    assert buried(pid)
    with pytest.raises(WorldError, match="s'arrête"):
        process.wait()
