"""Talking to a model: streams, windows, sessions and whole terminal transcripts."""

import io
import itertools
import threading
import time
from dataclasses import replace

import pytest

from chatbot.dialogue import assistant, user
from chatbot.errors import BusyError, InputError, TooLongError, WorldError
from chatbot.language import set_language
from chatbot.runner import ChatModel, ModelRunner, StopFilter, fit_window
from chatbot.sampling import Sampling
from chatbot.session import ChatSession
from chatbot.terminal import Terminal, lines_of, printable
from chatbot.terminal_words import help_in_words
from tests.gate import Gate, until


@pytest.fixture(scope="module")
def chat(tiny_model):
    return ChatModel(tiny_model)


@pytest.fixture
def gate(chat):
    gate = Gate(chat)
    yield gate
    gate.let()


SHORT = Sampling(max_new_tokens=12)


def test_a_stream_is_the_answer_piece_by_piece(chat, gate):
    gate.let(8)
    reply = chat.reply([user("Bonjour ?")], SHORT)
    pieces = [next(reply.pieces)]  # while the rest is not written
    gate.let()
    pieces += reply
    assert "".join(pieces) == reply.answer.text
    assert len(pieces) > 1
    assert reply.answer.finish in ("end", "length") and 1 <= reply.answer.new_tokens <= 12
    assert 0 < reply.answer.first_seconds <= reply.answer.seconds
    assert not reply.answer.text.startswith(" ")


def test_answers_in_a_batch_are_those_of_one_by_one(chat):
    conversations = [[user("Bonjour ?")], [user("Quel est le délai ?"), assistant("Deux jours."), user("Sûr ?")]]
    together = [answer.text for answer in chat.answers(conversations, SHORT)]
    assert together == [chat.reply(turns, SHORT).text() for turns in conversations]


def test_a_closed_stream_stops_and_says_so(chat, gate):
    gate.let(20)
    reply = chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=60))
    next(reply.pieces)
    reply.pieces.close()
    assert reply.answer.finish == "cancelled"
    assert 1 <= reply.answer.new_tokens <= 20


def test_an_answer_is_given_up_from_another_thread(chat, gate):
    gate.let(20)
    reply = chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=60))
    pieces = [next(reply.pieces)]
    leaving = threading.Timer(0.05, reply.cancel)  # while the next line waits for what does not come
    leaving.start()
    pieces += reply
    leaving.join()
    assert reply.answer.finish == "cancelled" and reply.answer.text == "".join(pieces)
    gate.let()
    until(lambda: all(slot.request is None for slot in chat.generator._slots), "freeing the slot")


def test_an_answer_nobody_waits_for_is_not_written(chat, gate):
    gate.let(1)
    chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=60))  # and let go
    gate.let()
    until(lambda: chat.generator._thread is None, "coming to rest")
    assert gate.passes < 10


def test_stop_texts_of_the_caller_end_an_answer(chat):
    whole = chat.reply([user("Bonjour ?")], SHORT).text()
    cut = whole[4:6]
    reply = chat.reply([user("Bonjour ?")], SHORT, stop=[cut])
    assert reply.text() == whole[: whole.index(cut)] and reply.answer.finish == "stop"


@pytest.mark.parametrize(
    "leave", [lambda reply: reply.text(), lambda reply: reply.pieces.close()], ids=["stop", "close"]
)
def test_an_answer_that_is_over_frees_its_place_while_it_is_kept(chat, gate, leave):
    """The page keeps its replies: what follows a stop text, or a reader who left, must not be computed all the same."""
    whole = chat.reply([user("Bonjour ?")], SHORT).text()
    until(lambda: chat.generator._thread is None, "coming to rest")
    before = gate.passes
    gate.let(20)
    reply = chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=90), stop=[whole[4:6]])
    next(reply.pieces)
    leave(reply)
    gate.let()
    until(lambda: chat.generator._thread is None, "coming to rest")
    assert gate.passes - before < 30


def test_times_count_from_the_question_not_from_the_reader(chat):
    reply = chat.reply([user("Bonjour ?")], SHORT)
    asked = time.perf_counter()
    until(lambda: chat.generator._thread is None, "writing it all")
    waited = time.perf_counter() - asked
    reply.text()
    assert waited <= reply.answer.first_seconds <= reply.answer.seconds


def test_plain_text_is_continued_as_it_is(chat, tiny_model):
    ids = tiny_model.tokenizer.encode("Le délai")
    expected = list(chat.generator.stream(ids, SHORT))
    (reply,) = chat.continuations(["Le délai"], [SHORT])
    assert reply.text() == tiny_model.tokenizer.decode(
        [token for token in expected if token != tiny_model.tokenizer.end_id]
    )
    assert reply.answer.prompt_tokens == len(ids)
    assert chat.continuations([""], [SHORT])[0].answer.prompt_tokens == 1
    with pytest.raises(TooLongError, match="127 au plus"):
        chat.continuations(["Oui", "commande " * 200], [SHORT])


def test_all_choices_or_none(chat, gate, monkeypatch):
    """The second one finds the line full: the first is given up."""
    bursts, made = chat.generator.bursts, []

    def one_only(*arguments):
        if made:
            raise BusyError("plein")
        made.append(bursts(*arguments))
        return made[0]

    gate.let(0)
    monkeypatch.setattr(chat.generator, "bursts", one_only)
    with pytest.raises(BusyError):
        chat.replies([user("Bonjour ?")], [SHORT, SHORT])
    assert made[0].cancelled


def test_all_answers_end_when_the_program_does(chat, gate):
    gate.let(3)
    reply = chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=60))
    next(reply.pieces)
    chat.give_up()
    with pytest.raises(WorldError, match="s'arrête"):
        reply.text()
    gate.let()
    assert chat.reply([user("Bonjour ?")], SHORT).text()


def test_two_lines(tiny_preset):
    assert isinstance(ModelRunner(str(tiny_preset)).predict("Bonjour ?", max_new_tokens=4), str)


def test_stop_filter_holds_back_what_may_become_a_stop_text():
    stop = StopFilter(["\n###human:"])
    assert stop.push("Oui.") == "Oui."
    assert stop.push("\n##") == ""
    assert stop.push(" titre") == "\n## titre"
    assert stop.push("fin\n###human: encore") == "fin"
    assert stop.stopped
    rest = StopFilter(["\n###human:"])
    assert rest.push("a\n###") == "a" and rest.flush() == "\n###"


def test_oldest_turns_go_first_and_are_counted(tiny_model):
    turns = list(
        itertools.chain.from_iterable((user(f"Question {n} ?"), assistant("Oui, trente jours.")) for n in range(9))
    )
    ids, dropped = fit_window(tiny_model, [*turns, user("Et maintenant ?")], 32)
    assert dropped > 0 and dropped % 2 == 0
    assert len(ids) <= tiny_model.context - 32
    text = tiny_model.tokenizer.decode(ids)
    assert "Et maintenant" in text and "Question 0" not in text and "Question 8" in text


def test_a_message_longer_than_the_context_is_refused_with_sizes(tiny_model):
    with pytest.raises(InputError, match=r"jetons, le modèle en lit 96 au plus \(contexte 128\)"):
        fit_window(tiny_model, [user("commande " * 200)], 32)


def test_empty_broken_and_endless_messages_are_refused(chat):
    session = ChatSession(chat, SHORT)
    for text, reason in (("", "vide"), ("   \n", "vide"), ("a\udcff", "UTF-8"), ("x" * 30_000, "trop long")):
        with pytest.raises(InputError, match=reason):
            session.ask(text)
    assert session.messages == []


def test_a_session_remembers_and_forgets(chat):
    session = ChatSession(chat, SHORT)
    first = "".join(session.ask("Bonjour ?"))
    assert [m.content for m in session.messages] == ["Bonjour ?", first]
    list(session.ask("Encore ?"))
    assert len(session.messages) == 4
    session.clear()
    assert session.messages == [] and session.last is None


def transcript(chat, *lines: str) -> list[str]:
    out = io.StringIO()
    Terminal(ChatSession(chat, Sampling(max_new_tokens=4)), out).run(iter(f"{line}\n" for line in lines))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("exchanges", "kept"), [(None, 3), (1, 0), (2, 1), (9, 3)])
def test_a_model_gets_as_many_exchanges_as_it_learnt_from(tiny_model, exchanges, kept):
    chat = ChatModel(replace(tiny_model, exchanges=exchanges))
    session = ChatSession(chat, Sampling(max_new_tokens=4))
    session.messages = [turn for n in range(3) for turn in (user(f"Q{n} ?"), assistant(f"R{n}."))]
    history = session.messages[6 - 2 * kept :]
    alone = chat.reply([*history, user("Et le délai ?")], session.sampling)
    list(session.ask("Et le délai ?"))
    assert session.last.prompt_tokens == alone.answer.prompt_tokens
    assert len(session.messages) == 8  # what was said stays on the screen all the same


def test_the_welcome_says_how_much_is_followed(tiny_model, capsys):
    for exchanges, words in ((1, "chaque question est lue seule"), (3, "mémoire de 3 échanges")):
        out = io.StringIO()
        Terminal(ChatSession(ChatModel(replace(tiny_model, exchanges=exchanges))), out).run(iter([]))
        assert words in out.getvalue()


def test_whole_transcript(chat, tiny_model):
    answer = chat.reply([user("Bonjour ?")], Sampling(max_new_tokens=4)).text()
    lines = transcript(chat, "aide", "Bonjour ?", "", "/inconnu", "effacer", "quitter", "jamais lu")
    assert lines == [
        f"Modèle\N{NO-BREAK SPACE}: {tiny_model.name} (0,0 M de paramètres, contexte de 128 jetons). "
        "Commandes\N{NO-BREAK SPACE}: aide, effacer, sources, modèle, température, debug, quitter.",
        *help_in_words().splitlines(),
        *f"Causette\N{NO-BREAK SPACE}: {answer}".splitlines(),
        "Réponse coupée à la longueur maximale.",
        "Commande inconnue\N{NO-BREAK SPACE}: /inconnu. Commandes\N{NO-BREAK SPACE}: aide, effacer, sources, modèle, température, debug, quitter.",
        "Conversation effacée.",
        "À bientôt\N{NO-BREAK SPACE}!",
    ]


def test_debug_shows_the_figures(chat):
    lines = transcript(chat, "debug", "Bonjour ?", "debug")
    assert lines[1] == "Détails affichés."
    assert any("jetons/s" in line and "invite" in line for line in lines)
    assert "Détails masqués." in lines


def test_english_by_a_switch(chat):
    set_language("en")
    try:
        lines = transcript(chat, "help", "quit")
        assert "Commands: help, clear, sources, model, temperature, debug, quit." in lines[0]
        assert lines[1] == "Commands (alone on their line):" and lines[-2:] == ["  quit: the end", "Goodbye!"]
    finally:
        set_language("fr")


def test_model_text_cannot_drive_the_terminal():
    assert printable("a\x1b[31mb\x07\n\té\x9b") == "a[31mb\n\té"


def test_piped_bytes_that_are_not_utf8_are_told_with_their_line():
    piped = io.TextIOWrapper(io.BytesIO(b"Bonjour\ncaf\xe9\n"), encoding="utf-8")
    lines = lines_of(piped, "")
    assert next(lines) == "Bonjour\n"
    with pytest.raises(InputError, match="ligne 2"):
        next(lines)
