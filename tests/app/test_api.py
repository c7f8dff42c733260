"""The API as its users meet it: OpenAI's own client and bare HTTP, on a real server."""

import gc
import json
import math
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import numpy as np
import openai
import pytest

from app.api.routes import LONGEST_BODY, api_name
from chatbot.dialogue import assistant, user
from chatbot.sampling import Sampling
from chatbot.session import LONGEST_MESSAGE
from chatbot.stream import WAITING
from tests.app.served import SAMPLING, at_rest, reading, served_api
from tests.gate import until

QUESTION = "Où est ma commande ?"


@pytest.fixture(scope="module")
def client(address):
    return openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def model(chat):
    return api_name(chat)


def asked(model, text=QUESTION, **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


# -- answers ---------------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_that_of_the_terminal(chat, client, model):
    expected = chat.reply([user(QUESTION)], SAMPLING)
    got = client.chat.completions.create(**asked(model))
    (choice,) = got.choices
    assert choice.message.content == expected.text() and choice.message.role == "assistant"
    assert choice.finish_reason == {"end": "stop", "stop": "stop", "length": "length"}[expected.answer.finish]
    assert got.usage.prompt_tokens == expected.answer.prompt_tokens
    assert got.usage.completion_tokens == expected.answer.new_tokens
    assert got.usage.total_tokens == got.usage.prompt_tokens + got.usage.completion_tokens
    assert got.object == "chat.completion" and got.model == model


def test_a_stream_comes_piece_by_piece(chat, client, model, gate):
    gate.let(6)
    chunks = client.chat.completions.create(**asked(model, stream=True, stream_options={"include_usage": True}))
    first = next(chunks)
    assert first.choices[0].delta.role == "assistant"
    early = next(chunks).choices[0].delta.content  # while the rest is not written
    gate.let()
    *pieces, last, usage = chunks
    expected = chat.reply([user(QUESTION)], SAMPLING)
    assert early + "".join(chunk.choices[0].delta.content for chunk in pieces) == expected.text()
    assert last.choices[0].finish_reason == "length"
    assert usage.choices == [] and usage.usage.completion_tokens == expected.answer.new_tokens


def test_the_lines_of_a_stream_end_with_done(address, model):
    with httpx.stream("POST", f"{address}/chat/completions", json=asked(model, stream=True)) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line and not line.startswith(":")]
    assert lines[-1] == "data: [DONE]"
    events = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert len({event["id"] for event in events}) == 1
    assert not any("usage" in event for event in events)  # nobody asked


def test_the_conversation_counts(chat, client, model):
    turns = [user("Bonjour ?"), assistant("Bonjour."), user(QUESTION)]
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    messages[2]["content"] = [{"type": "text", "text": QUESTION}]  # the other form of a content
    got = client.chat.completions.create(model=model, messages=messages)
    assert got.choices[0].message.content == chat.reply(turns, SAMPLING).text()


def test_system_messages_and_several_of_one_role_become_one(chat, client, model):
    from chatbot.dialogue import Message

    messages = [
        {"role": "system", "content": "Sois bref."},
        {"role": "developer", "content": "Parle français."},
        {"role": "user", "content": "Bonjour."},
        {"role": "user", "content": QUESTION},
    ]
    turns = [Message(role="system", content="Sois bref.\nParle français."), user(f"Bonjour.\n{QUESTION}")]
    got = client.chat.completions.create(model=model, messages=messages)
    assert got.choices[0].message.content == chat.reply(turns, SAMPLING).text()


def test_sampling_is_followed(chat, client, model):
    def text(**more):
        return client.chat.completions.create(**asked(model, **more)).choices[0].message.content

    greedy = chat.reply([user(QUESTION)], SAMPLING).text()
    assert text(temperature=0, max_tokens=24) == greedy
    drawn = Sampling(temperature=1.5, top_p=0.9, seed=7, max_new_tokens=10)
    assert (
        text(temperature=1.5, top_p=0.9, seed=7, max_completion_tokens=10) == chat.reply([user(QUESTION)], drawn).text()
    )
    assert text(temperature=3, seed=1, extra_body={"top_k": 1}) == greedy
    assert text(extra_body={"repetition_penalty": 5}) != greedy
    assert text(stop=greedy[3:5]) == greedy[: greedy.index(greedy[3:5])]
    assert text(user="moi", presence_penalty=0, n=1, logprobs=False) == greedy  # these ask for nothing


def test_probabilities_are_told_in_openai_s_form(chat, client, model):
    expected = chat.reply([user(QUESTION)], SAMPLING, likely=3)
    text = expected.text()
    whole = client.chat.completions.create(**asked(model, logprobs=True, top_logprobs=3)).choices[0]
    streamed = []
    for part in client.chat.completions.create(**asked(model, logprobs=True, top_logprobs=3, stream=True)):
        streamed += part.choices[0].logprobs.content if part.choices[0].logprobs else []
    assert whole.message.content == text and whole.logprobs.refusal is None
    for content in (whole.logprobs.content, streamed):
        assert [each.token for each in content] == [each.text for each in expected.answer.tokens]
        assert [math.exp(each.logprob) for each in content] == pytest.approx(
            [each.probability for each in expected.answer.tokens]
        )
        assert [[best.token for best in each.top_logprobs] for each in content] == [
            [best.text for best in each.likeliest] for each in expected.answer.tokens
        ]
        for each in content:
            assert each.bytes == (None if "\ufffd" in each.token else list(each.token.encode()))


def test_probabilities_without_the_likeliest_and_none_at_all(client, model):
    alone = client.chat.completions.create(**asked(model, logprobs=True)).choices[0]
    assert alone.logprobs.content and all(each.top_logprobs == [] for each in alone.logprobs.content)
    none = client.chat.completions.create(**asked(model, top_logprobs=0)).choices[0]
    assert none.logprobs is None and none.message.content == alone.message.content
    with pytest.raises(openai.BadRequestError, match=r"logprobs.*n'est pas proposé"):
        client.completions.create(model=model, prompt="Le délai", logprobs=2)


def test_errors_are_told_in_the_client_s_language(address, model):
    body = asked("gpt-4")
    for accepted, said in (("en-GB,en;q=0.8", "Unknown model"), ("fr", "Modèle inconnu"), ("de", "Modèle inconnu")):
        refused = httpx.post(f"{address}/chat/completions", json=body, headers={"accept-language": accepted})
        assert said in refused.json()["error"]["message"].replace("\u00a0", " ")


def test_several_choices_are_each_drawn_anew(client, model):
    got = client.chat.completions.create(**asked(model, n=3, temperature=2, seed=5))
    assert [choice.index for choice in got.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in got.choices}) == 3
    one = client.chat.completions.create(**asked(model, temperature=2, seed=6))
    assert one.choices[0].message.content == got.choices[1].message.content
    assert got.usage.prompt_tokens == one.usage.prompt_tokens

    streamed = {0: "", 1: "", 2: ""}
    for chunk in client.chat.completions.create(**asked(model, n=3, temperature=2, seed=5, stream=True)):
        streamed[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert list(streamed.values()) == [choice.message.content for choice in got.choices]


def test_plain_text_is_continued(chat, client, model):
    expected = [reply.text() for reply in chat.continuations(["Le délai", "How long"], [SAMPLING])]
    got = client.completions.create(model=model, prompt=["Le délai", "How long"])
    assert [choice.text for choice in got.choices] == expected and got.object == "text_completion"
    chunks = client.completions.create(model=model, prompt="Le délai", stream=True)
    assert "".join(chunk.choices[0].text for chunk in chunks) == expected[0]


def test_models_are_listed_and_found(chat, client, model):
    (card,) = client.models.list()
    assert card.id == model and card.max_model_len == chat.context and "/" not in model
    assert card.parameters == chat.parameters and card.exchanges == chat.exchanges
    assert client.models.retrieve(model).id == model
    with pytest.raises(openai.NotFoundError, match="Modèle inconnu"):
        client.models.retrieve("gpt-4")


def test_the_page_is_there_as_before(address):
    page = httpx.get(address.removesuffix("v1"))
    assert page.status_code == 200 and "Causette" in page.text


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "status", "param", "said"),
    [
        ({"model": "gpt-4"}, 404, "model", "Modèle inconnu"),
        ({"model": None}, 400, "model", "Il manque"),
        ({"max_tokens": 0}, 400, "max_tokens", "≥ 1"),
        ({"max_tokens": -5}, 400, "max_tokens", "≥ 1"),
        ({"max_tokens": 2.5}, 400, "max_tokens", "2.5"),
        ({"temperature": -0.1}, 400, "temperature", "≥ 0"),
        ({"temperature": 1e9}, 400, "temperature", "≤ 5"),
        ({"temperature": "0.5"}, 400, "temperature", "'0.5'"),
        ({"temperature": float("nan")}, 400, "temperature", "nan"),
        ({"top_p": 0}, 400, "top_p", "≥ 1e-06"),
        ({"top_p": 1.01}, 400, "top_p", "≤ 1"),
        ({"n": 99}, 400, "n", "≤ 8"),
        ({"seed": -1}, 400, "seed", "≥ 0"),
        ({"stop": [""]}, 400, "stop", "une liste de tels (8 au plus)"),
        ({"stop": "x" * 300}, 400, "stop", "n'est pas valable"),
        ({"tools": [{"type": "function"}]}, 400, "tools", "n'est pas proposé"),
        ({"logprobs": 3}, 400, "logprobs", "n'est pas valable"),
        ({"logprobs": True, "top_logprobs": 21}, 400, "top_logprobs", "≤ 20"),
        ({"logprobs": True, "top_logprobs": -1}, 400, "top_logprobs", "≥ 0"),
        ({"top_logprobs": 2}, 400, "top_logprobs", "logprobs"),
        ({"presence_penalty": 0.5}, 400, "presence_penalty", "n'est pas proposé"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format", "n'est pas proposé"),
        ({"temprature": 1}, 400, "temprature", "Paramètre inconnu"),
        ({"messages": []}, 400, "messages", "n'est pas valable"),
        ({"messages": "Bonjour"}, 400, "messages", "n'est pas valable"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages", "messages.0.role"),
        ({"messages": [{"role": "user", "content": "x", "tool_calls": [{}]}]}, 400, "messages", "outils"),
        (
            {"messages": [{"role": "system", "content": "x" * 30_000}, {"role": "user", "content": "x"}]},
            400,
            "messages",
            "trop long",
        ),
        ({"max_tokens": 3, "max_completion_tokens": 4}, 400, "max_tokens", "gardez-en un"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            400,
            "messages",
            "parties de type « text »",
        ),
        ({"messages": [{"role": "user"}]}, 400, "messages", "vide"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "messages", "« user » en dernier"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "messages", "« user » en dernier"),
        ({"messages": [{"role": "user", "content": "x" * (LONGEST_MESSAGE + 1)}]}, 400, "messages", "trop long"),
        ({"messages": [{"role": "user", "content": "x" * 1_000_000}]}, 400, "messages", "trop long"),
        ({"messages": [{"role": "user", "content": "commande " * 200}]}, 400, "messages", "128"),
        ({"messages": [{"role": "user", "content": "x"}] * 2_000}, 400, "messages", "n'est pas valable"),
    ],
)
def test_bad_requests_are_refused_with_the_reason(address, model, change, status, param, said):
    body = json.dumps({**asked(model), **change})
    response = httpx.post(f"{address}/chat/completions", content=body, headers={"content-type": "application/json"})
    error = response.json()["error"]
    assert response.status_code == status and error["type"] == "invalid_request_error"
    assert error["param"] == param and said in error["message"].replace("\u00a0", " ")
    assert len(error["message"]) < 400


def test_a_request_that_is_too_large_is_refused_by_the_page_around_it(address):
    assert too_large(address).startswith("C'est trop long")


def too_large(address):
    """What is said of one."""
    response = httpx.post(
        f"{address}/chat/completions", content=b"x" * 2_000_000, headers={"content-type": "application/json"}
    )
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"]) == (413, "invalid_request_error", None)
    return error["message"].replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"), (b"{", "JSON"), (b"\xff\xfe\x00", "JSON"), (b"[" * 100_000, "JSON"), (b"[]", "objet JSON"),
        (b"1" * 10_000, "JSON"), (b'{"model": "\\ud800"}', "JSON"), (b"null", "objet JSON"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(address, body, said):
    response = httpx.post(f"{address}/chat/completions", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400 and said in response.json()["error"]["message"]


def test_a_form_of_a_page_from_elsewhere_is_refused(address, model):
    response = httpx.post(
        f"{address}/chat/completions", content=json.dumps(asked(model)), headers={"content-type": "text/plain"}
    )
    assert response.status_code == 415


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/chat/completions", 405), ("GET", "/embeddings", 404)])
def test_unknown_addresses_are_told_what_there_is(address, method, path, status):
    response = httpx.request(method, address + path)
    assert response.status_code == status and "/v1/chat/completions" in response.json()["error"]["message"]


def test_more_tokens_than_the_context_are_the_context(chat, client, model):
    got = client.chat.completions.create(**asked(model, max_tokens=10**12))
    assert got.choices[0].finish_reason == "length" and got.usage.total_tokens == chat.context


def test_a_prompt_at_the_edge_of_the_context(chat, client, model, tiny_model):
    """The longest text that is read leaves room for one token; one token more is refused."""
    text, encode = "", tiny_model.tokenizer.encode
    while len(encode(text + " a")) < chat.context:
        text += " a"
    got = client.completions.create(model=model, prompt=text)
    assert got.usage.prompt_tokens == chat.context - 1 and got.usage.completion_tokens == 1
    with pytest.raises(openai.BadRequestError, match="contexte 128") as refused:
        client.completions.create(model=model, prompt=text + " a")
    assert refused.value.code == "context_length_exceeded"


def test_a_failing_model_is_told_without_its_secrets(chat, client, model, monkeypatch, caplog):
    def broken(*_):
        raise MemoryError("secret path")

    monkeypatch.setattr(chat.generator.decoder, "forward", broken)
    for stream in (False, True):
        with pytest.raises(openai.APIError, match="n'a pas pu être calculée") as failed:
            list(client.chat.completions.create(**asked(model, stream=stream)))
        assert stream or failed.value.status_code == 500
        assert "secret" not in str(failed.value)
    assert "secret path" in caplog.text


def test_a_failure_in_the_middle_of_a_stream_is_an_event(chat, client, model, gate):
    gate.let(3)
    chunks = client.chat.completions.create(**asked(model, stream=True))
    next(chunks), next(chunks)
    decoder = chat.generator.decoder
    gate.spoil(MemoryError("no room"))
    gate.let()
    with pytest.raises(openai.APIError, match="n'a pas pu être calculée"):
        list(chunks)
    assert decoder is chat.generator.decoder
    gate.spoil(None)
    assert client.chat.completions.create(**asked(model)).choices


def test_a_key_is_asked_for(chat, model):
    with served_api(chat, key="sesame-ouvre") as address:
        for key in ("", "none", "sesame-ouvr"):
            with pytest.raises(openai.AuthenticationError, match="Clé"):
                openai.OpenAI(base_url=address, api_key=key or "x", max_retries=0).models.list()
        assert openai.OpenAI(base_url=address, api_key="sesame-ouvre").chat.completions.create(**asked(model)).choices
        lowered = {"authorization": "bearer sesame-ouvre", "host": "ma-machine.example.org"}
        assert httpx.get(f"{address}/models", headers=lowered).status_code == 200


def test_a_name_of_elsewhere_that_leads_here_is_refused(address):
    for name in ("evil.example.org", "evil.example.org:80", "localhost.evil.example.org"):
        assert httpx.get(f"{address}/models", headers={"host": name}).status_code == 403
    assert httpx.get(f"{address}/models", headers={"host": "localhost:7860"}).status_code == 200


# -- many clients, and those who leave -------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_frees_its_slot(chat, address, model, gate, stream):
    gate.let(3)
    url, body = urlsplit(address), json.dumps(asked(model, stream=stream, max_tokens=90)).encode()
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = f"POST {url.path}/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        until(lambda: gate.left == 0, "answering")
        assert not stream or connection.recv(15).startswith(b"HTTP/1.1 200")
    before = gate.passes
    # The server must have seen it before the model goes on: its reader's thread then ends.
    until(lambda: not reading("api"), "seeing that the client left")
    gate.let()
    until(lambda: at_rest(chat), "coming to rest")
    assert gate.passes - before <= 2


def test_a_client_that_leaves_while_it_waits_in_line(chat, address, model, gate):
    gate.let(0)
    url, body = urlsplit(address), json.dumps(asked(model)).encode()
    connections = []
    for _ in range(chat.at_once + 3):
        connection = socket.create_connection((url.hostname, url.port))
        head = f"POST {url.path}/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        connections.append(connection)
    until(lambda: reading("api") == len(connections), "entering")
    for connection in connections:
        connection.close()
    until(lambda: not reading("api"), "seeing that they left")
    gate.let()
    until(lambda: at_rest(chat), "coming to rest")


def test_an_answer_that_waits_in_line_has_begun(chat, address, model, gate):
    """The client hears from the server before the model has written anything, and may leave then."""
    gate.let(0)
    with httpx.stream("POST", f"{address}/chat/completions", json=asked(model, stream=True)) as response:
        assert response.status_code == 200 and next(response.iter_lines()).startswith(":")
    until(lambda: not reading("api"), "seeing that the client left")


def test_answers_end_when_the_program_does(chat, client, model, gate):
    gate.let(3)
    chunks = client.chat.completions.create(**asked(model, stream=True))
    next(chunks), next(chunks)
    chat.give_up()
    with pytest.raises(openai.APIError, match="s'arrête"):
        list(chunks)


def test_a_hundred_connections(chat, address, model, gate):
    """Who finds room gets the answer of a lone client, the others are told to come back; nothing is held in the end."""
    alone = chat.reply([user(QUESTION)], SAMPLING).text()
    until(lambda: at_rest(chat))
    gate.let(0)
    room = chat.at_once + WAITING
    limits = httpx.Limits(max_connections=100)
    with httpx.Client(timeout=60, limits=limits) as http, ThreadPoolExecutor(100) as pool:
        asks = [pool.submit(http.post, f"{address}/chat/completions", json=asked(model)) for _ in range(100)]
        until(lambda: sum(ask.done() for ask in asks) == 100 - room, "refusing the last ones")
        gate.let()
        responses = [ask.result() for ask in asks]
    answers = [r.json()["choices"][0]["message"]["content"] for r in responses if r.status_code == 200]
    refused = [r for r in responses if r.status_code == 429]
    assert answers == [alone] * room and len(refused) == 100 - room
    assert all("Réessayez" in r.json()["error"]["message"] and r.headers["retry-after"] for r in refused)
    until(lambda: at_rest(chat), "coming to rest")


def test_memory_is_where_it_was(chat, address, model):
    """A hundred answers, a hundred refusals and fifty clients that leave: no object of an answer is left."""
    from chatbot.chat import Reply
    from chatbot.stream import TokenStream

    def held():
        gc.collect()
        return sum(isinstance(thing, Reply | TokenStream | np.random.Generator) for thing in gc.get_objects())

    until(lambda: at_rest(chat))
    before = held()
    with httpx.Client(timeout=60) as http:
        for _ in range(100):
            assert http.post(f"{address}/chat/completions", json=asked(model, max_tokens=2)).status_code == 200
            assert http.post(f"{address}/chat/completions", json=asked(model, "x" * 900_000)).status_code == 400
        assert http.post(f"{address}/chat/completions", content=b"x" * (LONGEST_BODY // 2)).status_code == 415
        for _ in range(50):
            with http.stream("POST", f"{address}/chat/completions", json=asked(model, stream=True, max_tokens=90)):
                pass
    until(lambda: at_rest(chat), "coming to rest")
    until(lambda: held() <= before, "letting go")
