"""A model that says only while it is read that a prompt is too long: fewer sources are tried, and the reader sees one answer."""

import json

import pytest

from chatbot.chat import Reply
from chatbot.dialogue import Dialogue, user
from chatbot.errors import InputError, TooLongError
from chatbot.reasoning.domain_file import read_domain
from chatbot.reasoning.reasoned import ReasonedChat
from chatbot.reasoning.sources import Sources
from chatbot.remote import RemoteChat
from chatbot.session import ChatSession
from tests.chatbot.saying import Saying
from tests.loopback import Answering, serving

QUESTION = "Quel est le prix du chat ?"
DOMAIN = """\
title: Prix
rules: [{name: avec source, when: {sources: near}, approach: model_with_sources}]
checks: [{check: empty, then: append, text: Rien.}]
sources: {given: 3, coverage: 0.1, smallest_model: 0}
"""
DIALOGUES = [
    Dialogue.of_pair(f"Quel est le prix du {what} ?", f"Le {what} coûte {n} €.", id=f"{n}", source="s", group=what)
    for n, what in enumerate(("chat", "chien", "canard", "lapin"), start=10)
]


class Late(Saying):
    """Says that a prompt is too long when its first piece is drawn, as a server does."""

    def reply(self, messages, sampling=None, *, likely=0):
        room, self.room = self.room, 10_000
        reply = super().reply(messages, sampling, likely=likely)
        self.room = room
        return Reply(self._late(messages, reply), reply.answer, reply.cancel)

    def _late(self, messages, reply):
        self.drawn()
        if len(messages[-1].context) > self.room:
            reply.answer.finish = "cancelled"
            raise TooLongError("trop long")
        yield from reply.pieces

    def drawn(self):
        pass


@pytest.fixture(scope="module")
def reasoned():
    domain, sources = read_domain(DOMAIN, "t"), Sources(DIALOGUES, patience=30)
    return lambda chat: ReasonedChat(chat, domain, sources)


@pytest.mark.parametrize(("room", "tried", "left"), [(1000, 1, 3), (45, 2, 2), (25, 3, 1), (5, 4, 0)])
def test_fewer_sources_are_tried_when_the_refusal_comes_late(reasoned, room, tried, left):
    chat = Late("Dix euros, je crois.", room=room)
    reply = reasoned(chat).reply([user(QUESTION)])
    answer = reply.answer
    pieces = []
    for piece in reply:
        pieces.append(piece)
        assert answer.text == "".join(pieces)  # the page reads it while it comes
    assert len(chat.asked) == tried and chat.asked[-1][-1].context.count("coûte") == left
    assert (answer.text, answer.finish, answer.new_tokens) == ("Dix euros, je crois.", "end", 4)
    assert answer.thought.given == tuple(chat.asked[-1]) and answer.thought.findings is not None


def test_a_question_that_is_too_long_by_itself_is_told(reasoned):
    with pytest.raises(TooLongError):
        reasoned(Late("Oui.", room=-1)).reply([user(QUESTION)]).text()


def test_an_answer_given_up_before_its_first_piece_is_asked_no_second_time(reasoned):
    chat = Late("Oui.", room=5)
    reply = reasoned(chat).reply([user(QUESTION)])
    chat.drawn = reply.cancel  # between the question and the refusal
    assert reply.text() == "" and reply.answer.finish == "cancelled" and len(chat.asked) == 1


def test_a_later_attempt_is_given_up_and_closed_like_the_first(reasoned):
    chat = Late("un deux trois quatre", room=5)
    reply = reasoned(chat).reply([user(QUESTION)])
    assert next(reply.pieces) == "un"
    reply.cancel()
    assert chat.stopped and "".join(reply.pieces) == ""
    assert (reply.answer.text, reply.answer.finish) == ("un", "cancelled")
    closed = reasoned(chat).reply([user(QUESTION)])
    next(closed.pieces)
    closed.pieces.close()
    assert closed.answer.finish == "cancelled" and closed.answer.text == "un"
    assert closed.answer.thought.findings is None


class Narrow(Answering):
    """A server with room for the question alone."""

    code = "context_length_exceeded"

    def do_GET(self):
        self.whole(
            200, "application/json", json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode()
        )

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if len(request["messages"][-1]["content"]) > len(QUESTION):
            error = {"error": {"message": "too long", "type": "invalid_request_error", "code": self.code}}
            return self.whole(400, "application/json", json.dumps(error).encode())
        choice = {"index": 0, "delta": {"content": "Dix."}, "finish_reason": "stop"}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        return self.whole(200, "text/event-stream", f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())


class Refusing(Narrow):
    code = "bad_word"


def test_a_server_without_room_for_the_sources_answers_the_question_alone(reasoned):
    with serving(Narrow) as url:
        session = ChatSession(reasoned(RemoteChat(url)))
        assert "".join(session.ask(QUESTION)) == "Dix." == session.last.text
        assert session.last.thought.sources and session.last.thought.given[-1].context == ""
        with pytest.raises(TooLongError, match="too long"):
            RemoteChat(url).reply([user(QUESTION * 2)]).text()


def test_another_refusal_of_a_server_is_told_at_once():
    with serving(Refusing) as url, pytest.raises(InputError) as told:
        RemoteChat(url).reply([user(QUESTION * 2)]).text()
    assert not isinstance(told.value, TooLongError)
