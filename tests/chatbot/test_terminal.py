"""Whole transcripts of the terminal around a reasoning layer, typed and piped."""

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.chat import Answer
from chatbot.dialogue import Dialogue
from chatbot.errors import InputError
from chatbot.language import set_language, speaking
from chatbot.reasoning.domain_file import read_domain
from chatbot.reasoning.reasoned import ReasonedChat
from chatbot.reasoning.sources import Sources
from chatbot.sampling import Sampling
from chatbot.session import ChatSession, checked_text
from chatbot.terminal import COMMANDS, Terminal, figures
from tests.chatbot.saying import Saying

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = """\
title: Boutique
categories:
  - {name: prix, title: Prix, keywords: [prix, coûte], examples: ["Quel est le prix ?"]}
entities:
  - {name: commande, title: Commande, type: pattern, pattern: 'ML-\\d{4}'}
answers:
  humain: Appelez-nous.
rules:
  - {name: client fâché, when: {state: angry}, approach: decline, answer: humain}
  - {name: le modèle répond, approach: model}
checks:
  - {check: contradiction, name: autre commande, then: replace, text: Vérifiez votre commande.}
"""
CAT = Dialogue.of_pair(
    "Quel est le prix du chat ?", "Le chat coûte 10 €.", id="1", source="prix.csv", group="1", meta={"row": 4}
)
WELCOME = (
    "Modèle : perroquet (1,5 M de paramètres, contexte de 512 jetons). Domaine : Boutique. "
    "Commandes : aide, effacer, sources, modèle, température, debug, quitter."
)

HELP = [
    "Commandes (seules sur leur ligne, avec ou sans accent) :",
    "  aide : cette liste",
    "  effacer : oublie la conversation",
    "  sources : les textes d'entraînement les plus proches de la dernière question",
    "  modèle : à qui vous parlez",
    "  température : le hasard des réponses, de 0 (aucun) à 5 ; « température 0,7 » le règle",
    "  debug : montre ou masque le raisonnement et les chiffres de chaque réponse",
    "  quitter : fin",
]


@pytest.fixture(scope="module")
def domain():
    return read_domain(DOMAIN, "t")


@pytest.fixture(scope="module")
def sources():
    made = Sources([CAT], patience=30)
    assert made.ready(30)
    return made


def typed(chat, *lines: str, session=None) -> list[str]:
    out = io.StringIO()
    Terminal(session or ChatSession(chat), out).run(iter(f"{line}\n" for line in lines))
    return plain(out)


def piped(chat, *lines: str) -> tuple[list[str], list[str], int]:
    out, notes = io.StringIO(), io.StringIO()
    terminal = Terminal(ChatSession(chat), out, notes=notes)
    terminal.run(iter(f"{line}\n" for line in lines))
    return plain(out), plain(notes), terminal.status


def plain(out: io.StringIO) -> list[str]:
    return out.getvalue().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ").splitlines()


def test_a_whole_typed_transcript(domain, sources):
    chat = ReasonedChat(Saying("Le chat coûte 10 €."), domain, sources)
    lines = typed(
        chat, "aide", "sources", "C'est nul", "sources", "Quel est le prix du chat ?", "sources", "modele", "température", "température 0,7",
        "température 9", "température abc", "sources du chat ?", "C'est inadmissible !!!", "effacer", "/quitter", "jamais lu",
    )  # fmt: skip
    assert lines == [
        WELCOME,
        *HELP,
        "Posez d'abord une question.",
        "Causette : Appelez-nous.",
        "Aucune source proche de la dernière question.",
        "Causette : Le chat coûte 10 €.",
        "Sources proches (elles ne prouvent pas la réponse) :",
        "1. prix.csv, ligne 4",
        "   Quel est le prix du chat ?",
        "   Le chat coûte 10 €.",
        WELCOME[: WELCOME.index(" Commandes")],
        "Température : 0,00.",
        "Température : 0,70.",
        "La température va de 0 à 5, par exemple : température 0,7.",
        "La température va de 0 à 5, par exemple : température 0,7.",
        "Causette : Le chat coûte 10 €.",
        "Causette : Appelez-nous.",
        "Conversation effacée.",
        "À bientôt !",
    ]


def test_debug_shows_the_five_steps_and_the_figures(domain, sources):
    chat = ReasonedChat(Saying("Le chat coûte 10 €."), domain, sources)
    lines = typed(chat, "debug", "Quel est le prix du chat ?", "debug", "Quel est le prix du chien ?")
    start = lines.index("1. Catégorie : Prix")
    shown = [line for line in lines[start:-3] if not line.startswith("   ")]
    assert shown == [
        "1. Catégorie : Prix", "2. Conversation : première question", "3. Entités : aucune",
        "4. Façon de répondre : réponse du modèle", "5. Cohérence : la réponse tient", shown[5],
    ]  # fmt: skip
    assert shown[5].startswith("[invite 7 jetons, réponse 5 jetons, terminée d'elle-même")
    assert "   règle : le modèle répond" in lines and "   ✓ autre commande : rien n'y contredit la question" in lines
    assert lines[-3:] == ["Détails masqués.", "Causette : Le chat coûte 10 €.", "À bientôt !"]


def test_debug_of_an_answer_without_the_model(domain):
    lines = typed(ReasonedChat(Saying("x"), domain), "debug", "C'est inadmissible !!!")
    assert "4. Façon de répondre : renvoi vers une personne" in lines and any(
        "[sans le modèle," in line for line in lines
    )


def test_a_replaced_answer_is_said_clearly(domain):
    lines = typed(ReasonedChat(Saying("Voici ML-9999."), domain), "Que contient ML-0042 ?")
    assert lines[1:-1] == [
        "Causette : Voici ML-9999.",
        "[Réponse du modèle retirée : Commande : « ML-9999 », la question dit « ML-0042 ». Réponse reformulée :]",
        "Causette : Vérifiez votre commande.",
    ]


def test_a_pipe_gets_final_answers_alone(domain, sources):
    chat = ReasonedChat(Saying("Voici ML-9999."), domain, sources)
    out, notes, status = piped(chat, "Que contient ML-0042 ?", "Quel est le prix du chat ?", "", "sources")
    assert out == ["Vérifiez votre commande.", "Voici ML-9999."]
    assert status == 2 and any("vide" in line for line in notes)
    assert any(line.startswith("[Réponse du modèle remplacée : Commande") for line in notes)
    assert "1. prix.csv, ligne 4" not in out


def test_a_pipe_streams_from_a_model_without_a_layer():
    out, notes, status = piped(Saying("Un deux."), "Bonjour ?")
    assert (out, status) == (["Un deux."], 0) and notes[-1] == "À bientôt !"


@pytest.mark.parametrize(
    "word",
    [
        *COMMANDS,
        "Modèle",
        "/SOURCES",
        "TEMPÉRATURE",
        "/aide",
        "temperature 1",
        "Température = 0,5",
        "température élevée",
        "temperature:x",
        "température0,5",
        "/température 0.5",
    ],
)
def test_words_that_are_commands_alone(word):
    chat = Saying("Oui.")
    typed(chat, word)
    assert chat.asked == []


@pytest.mark.parametrize(
    "question",
    [
        "sources du RGPD",
        "modèle de langue",
        "température ?",
        "températures",
        "température très élevée",
        "aide moi",
        "debug ?",
        "température 0,7 ou 1",
    ],
)
def test_words_that_are_a_question_among_others(question):
    chat = Saying("Oui.")
    typed(chat, question)
    assert [messages[-1].content for messages in chat.asked] == [question]


def test_the_temperature_is_the_next_answers(tiny_model):
    from chatbot.runner import ChatModel

    session = ChatSession(ChatModel(tiny_model), Sampling(max_new_tokens=4, top_k=5))
    typed(None, "temperature 1.5", session=session)
    assert session.sampling == Sampling(max_new_tokens=4, top_k=5, temperature=1.5)


def test_unknown_commands_cannot_drive_the_terminal():
    lines = typed(Saying("x"), "/zut\x1b[31m")
    assert lines[1].startswith("Commande inconnue : /zut[31m. Commandes")


def test_english():
    set_language("en")
    try:
        lines = typed(Saying("Yes."), "sources", "Why?", "sources", "temperature 0.7", "model", "help", "quit")
    finally:
        set_language("fr")
    assert lines[1:] == [
        "Ask a question first.", "Causette: Yes.", "No close source for the last question.", "Temperature: 0.70.",
        "Model: perroquet (1.5M parameters, context of 512 tokens).", *lines[6:14], "Goodbye!",
    ]  # fmt: skip
    assert lines[6] == "Commands (alone on their line):" and lines[7] == "  help: this list"


def test_numbers_are_written_as_the_language_does():
    answer = Answer(prompt_tokens=1234, new_tokens=2, first_seconds=0.12, seconds=1.0, finish="end")
    assert "premier texte en 0,12\u00a0s, 2,0\u00a0jetons/s" in figures(answer)
    assert "invite 1\u202f234\u00a0jetons" in figures(answer)
    with speaking("en"):
        assert "prompt 1,234 tokens" in figures(answer) and "after 0.12 s" in figures(answer)
    with pytest.raises(InputError, match="77\u202f999 caractères, 20\u202f000 au plus"):
        checked_text("a" * 77_999)


def test_ctrl_c_stops_the_answer_and_not_the_program(domain):
    class Interrupted(Saying):
        def _pieces(self, answer):
            for place, piece in enumerate(super()._pieces(answer)):
                if place == 2 and len(self.asked) == 1:
                    raise KeyboardInterrupt
                yield piece

    chat = ReasonedChat(Interrupted("Un deux trois quatre"), domain)
    lines = typed(chat, "Premier ?", "Second ?")
    assert lines[1:3] == ["Causette : Un deux trois [interrompu]", "Causette : Un deux trois quatre"] or lines[
        1
    ].endswith("[interrompu]")
    assert lines[2] == "Causette : Un deux trois quatre"


PROGRAM = """
import sys
from chatbot.session import ChatSession
from chatbot.terminal import talk
from tests.chatbot.saying import Saying
sys.exit(talk(ChatSession(Saying("Le chat dort."))))
"""


def in_a_terminal(lines: bytes, **environment: str) -> str:
    """What a real terminal shows: a program on a pseudo-terminal, typed to."""
    master, slave = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, close_fds=True,
        env={**os.environ, "TERM": "xterm", **environment}, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    os.write(master, lines)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # Linux: the other side is closed
        pass
    os.close(master)
    assert run.wait(timeout=30) == 0
    return shown.decode("utf-8", "replace").replace("\r\n", "\n")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="pseudo-terminals")
def test_colours_and_history_in_a_real_terminal():
    coloured = in_a_terminal(b"Bonjour\n\x1b[A\nquitter\n", NO_COLOR="")
    assert "\x1b[1;36mCausette" in coloured and coloured.count("Le chat dort.") == 2  # the arrow asked it again
    assert "\x1b[1;36m" not in in_a_terminal(b"Bonjour\nquitter\n", NO_COLOR="1")
