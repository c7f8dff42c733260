"""What lies behind an answer, for the curious: the five steps, the nearest sources, the probabilities of its tokens."""

import html
from collections.abc import Sequence

from app.page.conversation import Turn
from app.page.look import no_break, words
from chatbot.chat import Likely, Written
from chatbot.language import number
from chatbot.reasoning.steps import steps_of
from chatbot.reasoning.thought import Source, Step
from chatbot.terminal import printable

HESITANT = 6  # tokens of an answer are listed with what else the model thought of
LEVELS = (0.9, 0.5, 0.2)  # probabilities from which a token is sure, likely, hesitant; below, it is a guess
LONGEST_SOURCE = 400  # characters shown of a text


def behind_html(turn: Turn | None) -> str:
    """The whole panel for one turn; a sentence where there is nothing yet."""
    if turn is None:
        return f"<p class='none'>{words('Posez une question : ce qui mène à la réponse apparaîtra ici.', 'Ask a question: what leads to the answer will appear here.')}</p>"
    thought, parts = turn.answer.thought, []
    if thought:
        parts.append(_section(words("Le raisonnement, en cinq étapes", "The reasoning, in five steps"),
                              _steps(steps_of(thought))))  # fmt: skip
        if thought.own is not None:
            parts.append(_section(words("Ce que le modèle avait écrit", "What the model had written"),
                                  f"<p class='own'>{_text(thought.own)}</p>"))  # fmt: skip
        parts.append(_section(words("Sources proches", "Nearest sources"), _sources(thought.sources)))
    if turn.over:
        title = words("Les probabilités des jetons", "The probabilities of the tokens")
        parts.append(_section(title, tokens_html(turn.answer.tokens, asked=turn.answer.finish != "domain")))
    return "".join(parts)


def _section(title: str, content: str) -> str:
    return f"<section><h3>{title}</h3>{content}</section>"


def _text(text: str) -> str:
    """Text of the reader, the model or the data, as text."""
    return html.escape(printable(text), quote=True)


def _steps(steps: Sequence[Step]) -> str:
    return "<ol class='steps'>" + "".join(_step(step) for step in steps) + "</ol>"


def _step(step: Step) -> str:
    details = "".join(f"<li>{_text(no_break(detail))}</li>" for detail in step.details)
    return (
        f"<li><b>{_text(no_break(step.title))}</b> <span>{_text(no_break(step.outcome))}</span>"
        + (f"<ul>{details}</ul>" if details else "")
        + "</li>"
    )


# -- sources --------------------------------------------------------------------------------------------------------


def _sources(sources: Sequence[Source]) -> str:
    if not sources:
        none = words(
            "Aucun texte assez proche dans les données d'entraînement.", "No text near enough in the training data."
        )
        return f"<p class='none'>{none}</p>"
    told = words("Des textes des données d'entraînement qui ressemblent à la question. Ce n'est pas une preuve : le modèle "
                 "n'a peut-être rien repris d'eux.",
                 "Texts of the training data that resemble the question. This is no proof: the model may have taken "
                 "nothing from them.")  # fmt: skip
    return f"<p class='told'>{told}</p><ol class='sources'>{''.join(map(_source, sources))}</ol>"


def _source(source: Source) -> str:
    text = source.text if len(source.text) <= LONGEST_SOURCE else source.text[:LONGEST_SOURCE].rstrip() + "…"
    question = f"<b>{_text(source.question)}</b>" if source.question else ""
    shared = ", ".join(source.shared)
    common = words(f"Mots communs : {shared}", f"Shared words: {shared}") if shared else ""
    foot = " · ".join(_text(part) for part in (source.origin, common) if part)
    return f"<li>{question}<p>{_text(text)}</p><p class='origin'>{foot}</p></li>"


# -- probabilities --------------------------------------------------------------------------------------------------


def tokens_html(tokens: Sequence[Written], *, asked: bool = True) -> str:
    """The answer token by token, shaded by probability, then the tokens that the model hesitated most about.

    Args:
        tokens: of the answer.
        asked: whether the model was asked at all.
    """
    if not tokens:
        why = (words("Ce modèle ne donne pas ses probabilités.", "This model does not tell its probabilities.") if asked
               else words("La réponse vient du domaine, pas du modèle.", "The answer is the domain's, not the model's."))  # fmt: skip
        return f"<p class='none'>{why}</p>"
    told = words("La probabilité que le modèle donnait à chaque jeton qu'il a écrit, avant tout réglage. Elle dit s'il hésitait "
                 "sur le mot, pas si la phrase est vraie.",
                 "The probability that the model gave to each token it wrote, before any setting. It tells whether it "
                 "hesitated about the word, not whether the sentence is true.")  # fmt: skip
    shown = "".join(_token(token) for token in tokens)
    return f"<p class='told'>{told}</p>{_legend()}<p class='tokens'>{shown}</p>{_hesitations(tokens)}"


def level(probability: float) -> int:
    """0 for a sure token, up to 3 for a very doubtful one."""
    return next((place for place, least in enumerate(LEVELS) if probability >= least), len(LEVELS))


def _token(token: Written) -> str:
    return (
        f"<span class='p{level(token.probability)}' title='{_percent(token.probability)}'>{_visible(token.text)}</span>"
    )


def _visible(text: str) -> str:
    """A token so that its blanks are seen."""
    return _text(text).replace("\n", "↵<br>") or "■"


def _legend() -> str:
    names = (
        words("sûr", "sure"),
        words("probable", "likely"),
        words("hésitant", "hesitant"),
        words("très hésitant", "very hesitant"),
    )
    bounds = [f"≥ {_percent(least)}" for least in LEVELS] + [f"&lt; {_percent(LEVELS[-1])}"]
    keys = "".join(
        f"<span class='p{place}'>{name} ({bound})</span>"
        for place, (name, bound) in enumerate(zip(names, bounds, strict=True))
    )
    return f"<p class='legend'>{keys}</p>"


def _hesitations(tokens: Sequence[Written]) -> str:
    """A table of the least likely tokens, in the order of the answer."""
    places = sorted(sorted(range(len(tokens)), key=lambda place: tokens[place].probability)[:HESITANT])
    rows = "".join(_row(tokens, place) for place in places if tokens[place].probability < LEVELS[0])
    if not rows:
        return f"<p class='none'>{words('Le modèle n’a hésité nulle part.', 'The model hesitated nowhere.')}</p>"
    heads = (
        words("Après", "After"),
        words("Jeton écrit", "Token written"),
        words("Autres jetons envisagés", "Other tokens considered"),
    )
    caption = words("Là où le modèle a le plus hésité", "Where the model hesitated most")
    head = "".join(f"<th scope='col'>{name}</th>" for name in heads)
    return f"<div class='scroll'><table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _row(tokens: Sequence[Written], place: int) -> str:
    before = "".join(token.text for token in tokens[max(0, place - 4) : place]) or "…"
    token = tokens[place]
    others = ", ".join(f"<q>{_visible(likely.text.strip() or likely.text)}</q> {_percent(likely.probability)}"
                       for likely in _others(token))  # fmt: skip
    return (
        f"<tr><td>{_text(before)}</td><td><q>{_visible(token.text.strip() or token.text)}</q> {_percent(token.probability)}</td>"
        f"<td>{others}</td></tr>"
    )


def _others(token: Written) -> list[Likely]:
    return [likely for likely in token.likeliest if likely.text != token.text][:3]


def _percent(probability: float) -> str:
    """In per cent; what was written is never said to have had no chance."""
    few = "" if probability >= 0.01 else "&lt;\N{NO-BREAK SPACE}"
    return few + no_break(f"{number(max(1, 100 * probability))} %")
