"""Step 2: what the conversation so far says about a question."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chatbot.dialogue import Message
from chatbot.language import current_language, tr
from chatbot.reasoning.domain import State
from chatbot.reasoning.fold import fold, folded_words
from chatbot.reasoning.tongue import language_of

SHORT = 6  # words of a question that leans on the one before when its theme is unclear
ALIKE = 0.8  # share of common words from which a question is asked again
LOUD = 8  # capital letters in a row of words, from which somebody shouts
RECENT = 20  # earlier questions that are compared
COMPARED = 1_000  # characters of each

# What points back: a demonstrative pronoun, or a beginning that needs something before it.
_REFERS = re.compile(
    r"^(?:et (?:pour|si|quand|ca|cela|celui|celle|ceux|dans|a|au|en|le|la|les|mon|ma|mes|l')|et (?:elle|il|lui)\b|(?:and )?"
    r"(?:what|how) about|and (?:for|if|what|when|the|my|this|that|it)\b|pourquoi ?\?*$|comment ca|why ?\?*$|lequel|laquelle)"
    r"|\b(?:celui|celle|ceux|celles)(?:-| )(?:ci|la)\b|\bce dernier\b|\bcette derniere\b"
    r"|\b(?:this|that|these|those) ones?\b|\bthe (?:same|latter|other) one\b|\ble meme\b|\bla meme\b"
)
_ANGRY = re.compile(
    r"\b(?:inadmissible|inacceptable|scandaleu(?:x|se)|honteu(?:x|se)|arnaque\w*|voleurs?|escrocs?|ras[- ]le[- ]bol|marre|"
    r"en ai assez|furieu(?:x|se)|en colere|nul a chier|incompetents?|foutez|moquez de moi|n'importe quoi|c'est nul|"
    r"unacceptable|outrageous|scam|ridiculous|furious|angry|fed up|terrible service|useless)\b"
)
_POLITE = re.compile(
    r"\b(?:s'il (?:vous|te) plait|svp|stp|merci|pourriez[- ]vous|auriez[- ]vous|please|could you|thank)"
)
# A message of these words alone is a greeting, or thanks, and asks for nothing.
_GREETINGS = frozenset(
    folded_words("bonjour bonsoir salut coucou rebonjour hello hi hey good morning evening afternoon")
)
_THANKS = frozenset(folded_words("merci thanks thank"))
_FILLERS = frozenset(
    folded_words(
        "a tous toutes toute tout vous toi l la le equipe beaucoup infiniment mille bien tres pour votre ton aide reponse et au "
        "revoir bonne journee soiree encore c est parfait super genial ok d accord monsieur madame m mme ca va there everyone all "
        "you so very much for your help and the team again great perfect un grand de"
    )
)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What step 2 found.

    Args:
        states: that hold, see `chatbot.reasoning.domain.State`.
        language: of the question, "fr" or "en".
        turns: questions asked before.
        before: the last earlier question, where this one follows it; else empty.
    """

    states: tuple[State, ...]
    language: str
    turns: int
    before: str = ""


def conversation_of(question: str, history: Sequence[Message]) -> Conversation:
    """What the conversation says about the question.

    Args:
        question: the one to be answered.
        history: the turns before it.
    """
    asked = [message.content for message in history if message.role == "user"]
    states = _tone(question)
    language = (
        language_of(question) or next(filter(None, map(language_of, reversed(asked[-3:]))), "") or current_language()
    )
    if not asked:
        return Conversation(states=("first", *states), language=language, turns=0)
    place: list[State] = []
    if any(_alike(question, earlier) for earlier in asked[-RECENT:]):
        place.append("repeated")
    if _REFERS.search(fold(question).strip()):
        place += ["follow_up", "refers"]
    return Conversation(states=(*place, *states), language=language, turns=len(asked), before=asked[-1])


def with_topic(found: Conversation, question: str, category: str, category_of: Callable[[str], str]) -> Conversation:
    """The same, told whether the topic is new.

    Args:
        found: what `conversation_of` found.
        question: the question.
        category: its category; empty where none fits.
        category_of: the category of any question.
    """
    if not found.before or "follow_up" in found.states:
        return found
    if "thanks" in found.states:  # it asks for nothing, least of all what the question before asked for
        return replace(found, before="")
    short = len(folded_words(question)) <= SHORT
    follows = category == category_of(found.before) if category else short and "greeting" not in found.states
    state: State = "follow_up" if follows else "new_topic"
    return Conversation(
        states=(state, *found.states),
        language=found.language,
        turns=found.turns,
        before=found.before if follows else "",
    )


def without_greeting(question: str) -> str:
    """What is asked after "Bonjour," or "Hello!": a greeting is no subject. The question as it is where it is no more than
    that."""
    rest = question
    while (first := re.match(r"\W*(\w+)\W*", rest)) and fold(first[1]) in _GREETINGS:
        rest = rest[first.end() :]
    return rest if len(folded_words(rest)) > 1 else question


def in_words(found: Conversation) -> tuple[str, ...]:
    """For the reader, in the current language."""
    states = {
        "first": tr("première question", "first question"),
        "follow_up": tr("suite de la question précédente", "follows the question before"),
        "new_topic": tr("nouveau sujet", "new topic"),
        "refers": tr("renvoie à ce qui précède", "refers to what was said before"),
        "repeated": tr("question déjà posée", "asked before"),
        "angry": tr("ton mécontent", "angry"),
        "polite": tr("ton poli", "polite"),
        "greeting": tr("salutation", "greeting"),
        "thanks": tr("remerciement", "thanks"),
    }
    language = tr("français", "French") if found.language == "fr" else tr("anglais", "English")
    turns = tr(f"{found.turns} question(s) avant celle-ci", f"{found.turns} question(s) before this one")
    told = [states[state] for state in found.states]
    return (*told, tr(f"langue : {language}", f"language: {language}"), *([turns] if found.turns else []))


def _tone(question: str) -> tuple[State, ...]:
    folded, words = fold(question).strip(), set(folded_words(question))
    loud = [word for word in re.findall(r"\w+", question) if len(word) > 2]
    shouts = sum(map(len, loud)) >= LOUD and len(loud) > 2 and all(word.isupper() for word in loud)
    found: dict[State, bool] = {
        "angry": bool(_ANGRY.search(folded)) or shouts or "!!!" in question,
        "polite": bool(_POLITE.search(folded)),
        "greeting": bool(words & _GREETINGS) and words <= _GREETINGS | _FILLERS,
        "thanks": bool(words & _THANKS) and words <= _THANKS | _FILLERS | _GREETINGS,
    }
    return tuple(state for state, holds in found.items() if holds)


def _alike(one: str, other: str) -> bool:
    """The same words, or nearly, whatever their order; of very few words, the same ones."""
    mine, theirs = set(folded_words(one[:COMPARED])), set(folded_words(other[:COMPARED]))
    return bool(mine) and len(mine & theirs) / len(mine | theirs) >= ALIKE
