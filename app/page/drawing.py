"""From turns to what Gradio's chat component takes.

Text of the reader or of the model is never markup: it is escaped here, and the component renders no Markdown.
"""

import html
from functools import cache
from typing import Any

from app.page.conversation import Turn
from app.page.look import no_break, words
from chatbot.terminal import figures, printable


def messages_of(turn: Turn) -> list[dict[str, Any]]:
    """A question and its answer as Gradio takes them; text escaped, and the figures below a finished answer."""
    empty = words("(réponse vide)", "(empty answer)") if turn.over else "…"
    answer: list[Any] = [escaped(turn.answer.text) if turn.answer.text.strip() else {"type": "text", "text": empty}]
    if turn.over:
        answer.append(_figures_line(turn))
    return [{"role": "user", "content": [escaped(turn.question)]}, {"role": "assistant", "content": answer}]


def escaped(text: str) -> dict[str, str]:
    """Text of the reader or the model, as text: no markup, no control characters."""
    return {"type": "text", "text": html.escape(printable(text), quote=False)}


def notice_html(text: str) -> str:
    """The line above the question box that says what was wrong; empty when nothing was."""
    return f'<p role="alert">{html.escape(no_break(text), quote=False)}</p>' if text else ""


def figures_of(turn: Turn) -> str:
    """The figures of a finished answer in one line, with what the context could not hold."""
    line = figures(turn.answer).strip("[]")
    if turn.shown_as:
        line = f"{turn.shown_as} · {line}"
    thought = turn.answer.thought
    if thought and thought.replaced:
        why = ", ".join(finding.check for finding in thought.findings or () if not finding.passed)
        line += words(f" ; ce que le modèle avait écrit est remplacé ({why}), voir « Derrière la réponse » : pas d'avis à donner",
                      f"; what the model had written is replaced ({why}), see “Behind the answer”: no opinion to give")  # fmt: skip
    dropped = turn.answer.dropped_turns
    if dropped:
        line += words(f" ; contexte plein : les {dropped} messages les plus anciens ont été oubliés",
                      f"; context full: the {dropped} oldest messages were forgotten")  # fmt: skip
    return no_break(line)


def _figures_line(turn: Turn) -> dict[str, Any]:
    """The figures as an HTML component inside the message; its text is ours alone."""
    line = f'<p class="figures">{html.escape(figures_of(turn), quote=False)}</p>'
    return {
        "type": "component",
        "component": "html",
        "value": line,
        "constructor_args": {},
        "props": {**html_props(), "value": line},
    }


@cache
def html_props() -> dict[str, Any]:
    """What the browser needs to draw an HTML component. Gradio would make one per line and token, 4 ms each.

    The first call must not come from inside an event: there Gradio builds no components.
    """
    import gradio as gr

    return gr.HTML(padding=False, render=False).get_config()
