"""The tab "Discuter": a conversation that streams, with stop, regenerate, clear, examples and sampling settings.

The page is a picture of the tab's `Conversation`: whatever happens, `_shown` draws it whole.
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from app.page.conversation import Conversation
from app.page.drawing import html_props, messages_of, notice_html
from app.page.look import LOGO, words
from app.page.opinions import OpinionPanel, Opinions
from app.page.settings import sampling_of, settings_for
from chatbot.chat import Chat
from chatbot.errors import CausetteError
from chatbot.sampling import Sampling

LONGEST_EXAMPLE = 200  # characters; a longer example is no button

log = logging.getLogger(__name__)


class ChatTab:
    """Layout and actions of the tab.

    Args:
        chat: the model, shared by all readers.
        examples: questions to try, as plain text.
        sampling: how tokens are chosen, until the reader moves a slider.
        opinions: who keeps what readers think of an answer; without, they are not asked.
    """

    def __init__(self, chat: Chat, *, examples: Sequence[str], sampling: Sampling, opinions: Opinions | None = None):
        self.chat, self.sampling = chat, sampling
        self.panel = OpinionPanel(opinions, chat.name) if opinions else None
        self.examples = [text for text in examples if len(text) <= LONGEST_EXAMPLE]
        self.settings = settings_for(sampling, chat.context)
        self._thumbs: list[Any] = []
        self._open: dict[str, Conversation] = {}  # those of pages that are open, by Gradio's name of the session

    # -- actions ----------------------------------------------------------------------------------------------------

    def ask(self, conversation: Conversation, text: str, *values: object) -> tuple:
        """A question; returns what the question box becomes (empty, or unchanged with a notice), then `_shown`."""
        try:
            conversation.ask(self.chat, text or "", sampling_of(self.settings, values, self.sampling))
        except CausetteError as error:
            return _kept(), *self._shown(conversation, str(error))
        return "", *self._shown(conversation)

    def ask_example(self, conversation: Conversation, text: str, *values: object) -> tuple:
        """The same for an example, which leaves the question box alone."""
        return _kept(), *self.ask(conversation, text, *values)[1:]

    def again(self, conversation: Conversation, *values: object) -> tuple:
        """The last question once more. A fixed seed is dropped, for it would give the same answer."""
        try:
            sampling = sampling_of(self.settings, values, self.sampling)
            conversation.again(self.chat, replace(sampling, seed=None))
        except CausetteError as error:
            return self._shown(conversation, str(error))
        hint = words("À température 0, la réponse reste la même : montez la température dans les réglages.",
                     "At temperature 0 the answer stays the same: raise the temperature in the settings.")  # fmt: skip
        return self._shown(conversation, "" if sampling.temperature else hint)

    def stop(self, conversation: Conversation) -> tuple:
        conversation.stop()
        return self._shown(conversation)

    def clear(self, conversation: Conversation) -> tuple:
        conversation.clear()
        return self._shown(conversation)

    def listen(self, conversation: Conversation) -> Generator[tuple]:
        """Draws the conversation for each piece of the awaited answer, and once more when it is over.

        Nothing may be awaited (the question was refused): that last time is needed all the same, for Gradio empties
        the outputs of a generator that gives nothing.
        """
        try:
            with closing(conversation.listen()) as pieces:
                for _ in pieces:
                    yield self._shown(conversation, None)
        except CausetteError as error:
            yield self._shown(conversation, str(error))
        except Exception:  # whatever happens in the model: a sentence for the reader, the trace for the log
            log.exception("the answer failed")
            notice = words("La réponse n'a pas pu être calculée : réessayez, ou effacez la conversation.",
                           "The answer could not be computed: try again, or clear the conversation.")  # fmt: skip
            yield self._shown(conversation, notice)
        else:
            yield self._shown(conversation, None)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, conversation: Conversation, notice: str | None = "") -> tuple:
        """Messages, notice (None leaves it alone), and the state of the buttons: send, stop, again, clear, thumbs."""
        import gradio as gr

        waiting, any_turn = conversation.awaited is not None, bool(conversation.turns)
        return (
            [message for turn in conversation.turns for message in messages_of(turn)],
            _kept() if notice is None else notice_html(notice),
            gr.update(visible=not waiting),
            gr.update(visible=waiting),
            gr.update(interactive=any_turn),
            gr.update(interactive=any_turn),
            *(gr.update(interactive=conversation.last_answered is not None) for _ in self._thumbs),
        )

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any) -> None:
        """Adds the tab's components and wires them, inside `page`, the current `gr.Blocks`."""
        import gradio as gr

        html_props()  # here, because inside an event Gradio builds no components
        conversation = gr.State(Conversation())
        self._follow(page, conversation)
        messages = self._messages()
        examples = self._examples()
        notice = gr.HTML(elem_id="notice", padding=False)
        with gr.Row(elem_id="composer"):
            box = gr.Textbox(
                show_label=False, container=False, scale=1, min_width=120, lines=1, max_lines=6, autofocus=True,
                label=words("Votre question", "Your question"),
                placeholder=words("Écrivez votre question…", "Write your question…"), elem_id="question",
            )  # fmt: skip
            send = gr.Button(words("Envoyer", "Send"), variant="primary", scale=0, min_width=96, elem_id="send")
            stop = gr.Button(
                words("Arrêter", "Stop"), variant="stop", scale=0, min_width=96, elem_id="stop", visible=False
            )
        with gr.Row(elem_id="actions"):
            again = gr.Button(words("Régénérer", "Regenerate"), size="sm", scale=0, interactive=False, elem_id="again")
            clear = gr.Button(words("Effacer", "Clear"), size="sm", scale=0, interactive=False, elem_id="clear")
            self._thumbs = self.panel.thumbs() if self.panel else []
            caution = words("Un petit modèle se trompe souvent : vérifiez.",
                            "Small models are often wrong: double-check.")  # fmt: skip
            gr.HTML(f"<p>{caution}</p>", elem_id="caution", padding=False)
        shown = [messages, notice, send, stop, again, clear, *self._thumbs]
        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {**private, "queue": False, "trigger_mode": "multiple"}
        if self.panel:
            self.panel.build(conversation, self._thumbs, at_once)
        sliders = self._sliders()
        asking = [
            gr.on([box.submit, send.click], self.ask, [conversation, box, *sliders], [box, *shown], **at_once),
            again.click(self.again, [conversation, *sliders], shown, **at_once),
            *(
                example.click(self.ask_example, [conversation, example, *sliders], [box, *shown], **at_once)
                for example in examples
            ),
        ]
        for event in asking:
            event.then(
                self.listen, conversation, shown, **private, trigger_mode="multiple",
                concurrency_id="model", concurrency_limit=self.chat.at_once,
            )  # fmt: skip
        stop.click(self.stop, conversation, shown, **at_once)
        clear.click(self.clear, conversation, shown, **at_once)

    def _follow(self, page: Any, conversation: Any) -> None:
        """A page that closes gives up its answer, even one that is still waited for in line."""
        import gradio as gr

        def opened(conversation: Conversation, request: gr.Request) -> None:
            self._open[request.session_hash or ""] = conversation

        def closed(request: gr.Request) -> None:
            if left := self._open.pop(request.session_hash or "", None):
                left.stop()

        page.load(opened, conversation, None, queue=False, show_progress="hidden", api_visibility="private")
        page.unload(closed)

    def _messages(self) -> Any:
        import gradio as gr

        if self.examples:
            welcome = words("Posez une question, ou choisissez un exemple.", "Ask a question, or pick an example.")
        else:
            welcome = words("Posez une question.", "Ask a question.")
        return gr.Chatbot(
            label=words("Conversation", "Conversation"), show_label=False, elem_id="conversation", layout="bubble",
            placeholder=f'<div class="welcome">{LOGO}<p>{welcome}</p></div>', buttons=[], feedback_options=None,
            render_markdown=False, sanitize_html=True, allow_tags=False, latex_delimiters=[], height=None,
        )  # fmt: skip

    def _examples(self) -> list[Any]:
        import gradio as gr

        with gr.Row(elem_id="examples", visible=bool(self.examples)):
            return [gr.Button(text, size="sm", scale=0, min_width=0, elem_classes="example") for text in self.examples]

    def _sliders(self) -> list[Any]:
        import gradio as gr

        with gr.Accordion(words("Réglages de la réponse", "Answer settings"), open=False, elem_id="settings"):
            return [
                gr.Slider(
                    setting.low, setting.high, getattr(self.sampling, setting.name), step=setting.step,
                    label=setting.label, info=setting.explanation, buttons=[],
                )
                for setting in self.settings
            ]  # fmt: skip


def _kept() -> Any:
    """An output left as it is; a new one each time, for Gradio writes into it."""
    import gradio as gr

    return gr.skip()
