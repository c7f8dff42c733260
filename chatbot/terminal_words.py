"""What the terminal says in several lines: its help and the closest sources."""

from chatbot.language import tr
from chatbot.reasoning.thought import Source, Thought
from chatbot.session import printable

SHOWN_SOURCE = 300  # characters of a source that are shown


def help_in_words() -> str:
    """What each command does, a line each."""
    lines = (
        tr("Commandes (seules sur leur ligne, avec ou sans accent) :", "Commands (alone on their line):"),
        tr("  aide : cette liste", "  help: this list"),
        tr("  effacer : oublie la conversation", "  clear: forgets the conversation"),
        tr("  sources : les textes d'entraînement les plus proches de la dernière question",
           "  sources: the training texts closest to the last question"),
        tr("  modèle : à qui vous parlez", "  model: whom you talk to"),
        tr("  température : le hasard des réponses, de 0 (aucun) à 5 ; « température 0,7 » le règle",
           "  temperature: chance in the answers, 0 (none) to 5; “temperature 0.7” sets it"),
        tr("  debug : montre ou masque le raisonnement et les chiffres de chaque réponse",
           "  debug: shows or hides the reasoning and the figures of each answer"),
        tr("  quitter : fin", "  quit: the end"),
    )  # fmt: skip
    return "\n".join(lines)


def sources_in_words(thought: Thought | None) -> str:
    """The nearest sources of an answer with their origins, never called a proof."""
    if thought is None or not thought.sources:
        return tr("Aucune source proche de la dernière question.", "No close source for the last question.")
    title = tr(
        "Sources proches (elles ne prouvent pas la réponse) :", "Closest sources (they do not prove the answer):"
    )
    return "\n".join([title, *(_source_in_words(place, one) for place, one in enumerate(thought.sources, start=1))])


def _source_in_words(place: int, source: Source) -> str:
    question, text = (printable(" ".join(words.split())) for words in (source.question, source.text))
    text = text if len(text) <= SHOWN_SOURCE else text[:SHOWN_SOURCE].rsplit(" ", 1)[0] + "…"
    lines = [f"{place}. {printable(source.origin)}", question and f"   {question}", f"   {text}"]
    return "\n".join(filter(None, lines))
