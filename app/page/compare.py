"""The tab "Comparer": one question to two models, their answers streaming side by side.

The models answer alone, without the reasoning layer, with the same settings: what differs is the model.
"""

import html
import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

from app.page.content import PageContent
from app.page.controls import model_choice, names_of
from app.page.conversation import Conversation
from app.page.drawing import figures_of, notice_html
from app.page.look import words
from app.page.settings import sampling_of, settings_for
from chatbot.errors import CausetteError, InputError
from chatbot.sampling import Sampling
from chatbot.session import checked_text
from chatbot.terminal import printable

SIDES = ("left", "right")

log = logging.getLogger(__name__)


@dataclass
class Duel:
    """One reader's comparison: the question, and on each side a model with its answer.

    `asked` counts the questions, `heard` holds the last one that each side was listened to: what comes for an older one is
    not shown.
    """

    question: str = ""
    names: list[str] = field(default_factory=lambda: ["", ""])
    sides: list[Conversation] = field(default_factory=lambda: [Conversation(), Conversation()])
    notices: list[str] = field(default_factory=lambda: ["", ""])
    waiting: list[bool] = field(default_factory=lambda: [False, False])
    heard: list[int] = field(default_factory=lambda: [0, 0])
    sampling: Sampling = field(default_factory=Sampling)
    asked: int = 0

    def stop(self) -> None:
        for side in self.sides:
            side.stop()
        self.waiting = [False, False]


class CompareTab:
    """Layout and actions of the tab."""

    def __init__(self, content: PageContent):
        assert content.models is not None
        self.content, self.models = content, content.models
        self.settings = [
            each for each in settings_for(content.sampling, content.chat.context) if each.name == "temperature"
        ]
        self._open: WeakValueDictionary[str, Duel] = WeakValueDictionary()

    # -- actions ----------------------------------------------------------------------------------------------------

    def ask(self, duel: Duel, text: str, left: object, right: object, temperature: object) -> tuple:
        """Begins a comparison; returns what the question box becomes, then `_shown`."""
        try:
            question, names = checked_text(text or ""), self._names(left, right)
            sampling = sampling_of(self.settings, (temperature,), self.content.sampling)
        except CausetteError as error:
            return _kept(), *self._shown(duel, str(error))
        duel.stop()
        duel.question, duel.names, duel.sampling, duel.asked = question, names, sampling, duel.asked + 1
        duel.notices, duel.waiting = ["", ""], [True, True]
        for side in duel.sides:
            side.clear()
        return "", *self._shown(duel)

    def _names(self, left: object, right: object) -> list[str]:
        names = [name for name in (left, right) if isinstance(name, str) and name in self.models.names]
        if len(names) < 2:
            raise InputError(words("Choisissez un modèle de chaque côté.", "Choose a model on each side."))
        if left == right:
            raise InputError(words("Les deux côtés ont le même modèle : choisissez-en deux.",
                                   "Both sides have the same model: choose two."))  # fmt: skip
        return names

    def listen_left(self, duel: Duel) -> Generator[str]:
        yield from self._listen(duel, 0)

    def listen_right(self, duel: Duel) -> Generator[str]:
        yield from self._listen(duel, 1)

    def _listen(self, duel: Duel, place: int) -> Generator[str]:
        """Draws one side while its answer comes; loads its model first where it is not running yet.

        A side is listened to once per question: the listener of an older one, that comes late, leaves it alone.
        """
        asked, side = duel.asked, duel.sides[place]
        if not duel.waiting[place] or duel.heard[place] == asked:
            yield self._card(duel, place)
            return
        duel.heard[place] = asked
        notice = ""
        try:
            yield self._card(duel, place)
            chat = self.models.open(duel.names[place])
            if duel.asked == asked and duel.waiting[place]:
                side.ask(chat, duel.question, duel.sampling)
                with closing(side.listen()) as pieces:
                    for _ in pieces:
                        yield self._card(duel, place)
        except CausetteError as error:
            notice = str(error)
        except Exception:
            log.exception("the answer failed")
            notice = words("La réponse n'a pas pu être calculée.", "The answer could not be computed.")
        finally:
            if duel.asked == asked:
                duel.waiting[place], duel.notices[place] = False, notice
        yield self._card(duel, place)

    def settle(self, duel: Duel) -> tuple:
        """The buttons, once a side is over."""
        return self._buttons(duel)

    def stop(self, duel: Duel) -> tuple:
        duel.stop()
        return self._shown(duel)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, duel: Duel, notice: str = "") -> tuple:
        """Notice, question, both sides, the buttons."""
        asked = f"<p class='asked'>{_text(duel.question)}</p>" if duel.question else ""
        return notice_html(notice), asked, *(self._card(duel, place) for place in (0, 1)), *self._buttons(duel)

    def _buttons(self, duel: Duel) -> tuple:
        import gradio as gr

        waiting = any(duel.waiting)
        return gr.update(visible=not waiting), gr.update(visible=waiting)

    def _card(self, duel: Duel, place: int) -> str:
        """One side: the model's name, its answer, the figures."""
        name, side = duel.names[place], duel.sides[place]
        if not duel.question:
            return ""
        turn = side.turns[-1] if side.turns else None
        figures = f"<p class='figures'>{_text(figures_of(turn))}</p>" if turn and turn.over else ""
        alert = notice_html(duel.notices[place])
        if turn is None and duel.waiting[place] and not self.models.is_ready(name):
            text = words(
                "Le modèle se charge, cela prend quelques secondes…", "The model is loading, this takes seconds…"
            )
            return f"<article><h3>{_text(name)}</h3><p class='none'>{text}</p></article>"
        text = _text(turn.answer.text) if turn else ""
        if not text.strip():
            text = (
                words("(réponse vide)", "(empty answer)") if turn and turn.over else "…" if duel.waiting[place] else ""
            )
        return f"<article><h3>{_text(name)}</h3><p class='answer'>{text}</p>{figures}{alert}</article>"

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any, opened: Any) -> None:
        """Adds the tab's components and wires them."""
        import gradio as gr

        duel = gr.State(Duel())
        self._follow(page, duel)
        gr.HTML(f"<p>{self._told()}</p>", elem_id="compare-told", padding=False)
        with gr.Row(elem_id="compare-models"):
            left = model_choice(self.content, words("À gauche", "On the left"), 1, "compare-left")
            right = model_choice(self.content, words("À droite", "On the right"), 0, "compare-right")
        asked = gr.HTML(elem_id="compare-asked", padding=False)
        with gr.Row(elem_id="compare-sides"):
            cards = [gr.HTML(elem_id=f"compare-{side}-answer", elem_classes="side", padding=False) for side in SIDES]
        notice = gr.HTML(elem_id="compare-notice", elem_classes="notice", padding=False)
        box, send, stop = self._composer()
        temperature = self._temperature()
        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {**private, "queue": False, "trigger_mode": "multiple"}
        shown, inputs = [notice, asked, *cards, send, stop], [duel, box, left, right, temperature]
        asking = gr.on([box.submit, send.click], self.ask, inputs, [box, *shown], **at_once)
        for listen, card in zip((self.listen_left, self.listen_right), cards, strict=True):
            heard = asking.then(
                listen, duel, card, **private, trigger_mode="multiple",
                concurrency_id="model", concurrency_limit=self.content.chat.at_once,
            )  # fmt: skip
            heard.then(
                self.settle, duel, [send, stop], **private, trigger_mode="multiple", concurrency_limit=None
            )  # by the queue: see the chat
        stop.click(self.stop, duel, shown, **at_once)
        opened.select(lambda: [gr.update(choices=names_of(self.content))] * 2, None, [left, right], **at_once)

    def _told(self) -> str:
        told = words("La même question aux deux modèles, avec les mêmes réglages et sans la couche de raisonnement. Une question "
                     "ne prouve rien",
                     "The same question to both models, with the same settings and without the reasoning layer. One question "
                     "proves nothing")  # fmt: skip
        training = self.content.exhibits.training if self.content.exhibits else None
        if training is None or training.comparison is None:
            return f"{told}."
        return told + words(" : la comparaison mesurée est dans l'onglet Entraînement.",
                            ": the measured comparison is in the Training tab.")  # fmt: skip

    def _follow(self, page: Any, duel: Any) -> None:
        """A page that closes gives up both answers."""
        import gradio as gr

        def opened(duel: Duel, request: gr.Request) -> None:
            self._open[request.session_hash or ""] = duel

        def closed(request: gr.Request) -> None:
            if left := self._open.pop(request.session_hash or "", None):
                left.stop()

        page.load(opened, duel, None, queue=False, show_progress="hidden", api_visibility="private")
        page.unload(closed)

    def _composer(self) -> tuple[Any, Any, Any]:
        import gradio as gr

        with gr.Row(elem_id="compare-composer", elem_classes="composer"):
            box = gr.Textbox(
                show_label=False, container=False, scale=1, min_width=120, lines=1, max_lines=6, elem_id="compare-question",
                label=words("Question aux deux modèles", "Question to both models"),
                placeholder=words("Une question pour les deux…", "One question for both…"),
            )  # fmt: skip
            send = gr.Button(
                words("Comparer", "Compare"), variant="primary", scale=0, min_width=96, elem_id="compare-send"
            )
            stop = gr.Button(
                words("Arrêter", "Stop"), variant="stop", scale=0, min_width=96, visible=False, elem_id="compare-stop"
            )
        return box, send, stop

    def _temperature(self) -> Any:
        import gradio as gr

        (setting,) = self.settings
        with gr.Accordion(
            words("Réglages de la comparaison", "Settings of the comparison"), open=False, elem_classes="settings"
        ):
            return gr.Slider(
                setting.low, setting.high, self.content.sampling.temperature, step=setting.step, label=setting.label,
                info=setting.explanation, buttons=[], elem_id="compare-temperature",
            )  # fmt: skip


def _text(text: str) -> str:
    return html.escape(printable(text), quote=True)


def _kept() -> Any:
    import gradio as gr

    return gr.skip()
