"""The tab "Discuter": a conversation that streams, with stop, regenerate, edit, clear, examples and sampling settings.

The page is a picture of the tab's `Conversation`: whatever happens, `_shown` draws it whole.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from app.page.behind import behind_html
from app.page.content import PageContent
from app.page.controls import Controls
from app.page.conversation import Conversation
from app.page.drawing import html_props, messages_of, notice_html
from app.page.look import LOGO, words
from app.page.opinions import OpinionPanel
from chatbot.errors import CausetteError

LONGEST_EXAMPLE = 200  # characters; a longer example is no button

log = logging.getLogger(__name__)


class ChatTab:
    """Layout and actions of the tab."""

    def __init__(self, content: PageContent):
        self.chat = content.chat
        self.panel = OpinionPanel(content.opinions) if content.opinions else None
        self.examples = [text for text in content.examples if len(text) <= LONGEST_EXAMPLE]
        self.controls = Controls(content)
        self._thumbs: list[Any] = []
        # Of pages that are open, by Gradio's name of the session; they live as long as Gradio holds them.
        self._open: WeakValueDictionary[str, Conversation] = WeakValueDictionary()

    # -- actions ----------------------------------------------------------------------------------------------------

    def ask(self, conversation: Conversation, text: str, *values: object) -> tuple:
        """A question; returns what the question box becomes (empty, or unchanged with a notice), then `_shown`."""
        try:
            chat, sampling = self.controls.chat(values), self.controls.sampling(values)
            conversation.ask(chat, text or "", sampling, self.controls.named(values))
        except CausetteError as error:
            return _kept(), *self._shown(conversation, str(error))
        return "", *self._shown(conversation)

    def ask_example(self, conversation: Conversation, text: str, *values: object) -> tuple:
        """The same for an example, which leaves the question box alone."""
        return _kept(), *self.ask(conversation, text, *values)[1:]

    def again(self, conversation: Conversation, *values: object) -> tuple:
        """The last question once more. A fixed seed is dropped, for it would give the same answer."""
        try:
            sampling = self.controls.sampling(values)
            chat, named = self.controls.chat(values), self.controls.named(values)
            conversation.again(chat, replace(sampling, seed=None), named)
        except CausetteError as error:
            return self._shown(conversation, str(error))
        hint = words("À température 0, la réponse reste la même : montez la température dans les réglages.",
                     "At temperature 0 the answer stays the same: raise the temperature in the settings.")  # fmt: skip
        return self._shown(conversation, "" if sampling.temperature else hint)

    def edit(self, conversation: Conversation) -> tuple:
        """The last question goes into the box again, to be put another way; once more gives that up."""
        question = conversation.edit()
        hint = words("Modifiez la question, puis envoyez : elle prendra la place de la dernière.",
                     "Change the question and send it: it will take the place of the last one.")  # fmt: skip
        return question, *self._shown(conversation, hint if question else "")

    def stop(self, conversation: Conversation) -> tuple:
        conversation.stop()
        return self._shown(conversation)

    def clear(self, conversation: Conversation) -> tuple:
        conversation.clear()
        return self._shown(conversation)

    def listen(self, conversation: Conversation) -> Generator[list[dict[str, Any]]]:
        """Draws the messages for each piece of the awaited answer; all else stays, for each component costs a millisecond
        a piece. `settle` draws it in the end.

        Nothing may be awaited (the question was refused): the last drawing is needed all the same, for Gradio empties
        the outputs of a generator that gives nothing.
        """
        try:
            with closing(conversation.listen()) as pieces:
                for _ in pieces:
                    yield self._messages_of(conversation)
        except CausetteError as error:
            conversation.notice = str(error)
        except Exception:  # whatever happens in the model: a sentence for the reader, the trace for the log
            log.exception("the answer failed")
            conversation.notice = words("La réponse n'a pas pu être calculée : réessayez, ou effacez la conversation.",
                                        "The answer could not be computed: try again, or clear the conversation.")  # fmt: skip
        yield self._messages_of(conversation)

    def settle(self, conversation: Conversation) -> tuple:
        """The whole picture once an answer is over, with what went wrong on its way."""
        notice, conversation.notice = conversation.notice, None
        return self._shown(conversation, notice)

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, conversation: Conversation, notice: str | None = "") -> tuple:
        """Messages, notice (None leaves it alone), the state of the buttons (send, stop, again, edit, clear), what lies
        behind the last answer, thumbs."""
        import gradio as gr

        waiting, any_turn = conversation.awaited is not None, bool(conversation.turns)
        editing = words("Ne pas modifier", "Do not edit") if conversation.editing else words("Modifier", "Edit")
        return (
            self._messages_of(conversation),
            _kept() if notice is None else notice_html(notice),
            gr.update(visible=not waiting),
            gr.update(visible=waiting),
            gr.update(interactive=any_turn),
            gr.update(interactive=any_turn, value=editing),
            gr.update(interactive=any_turn),
            _kept() if waiting and notice is None else behind_html(conversation.turns[-1] if any_turn else None),
            *(gr.update(interactive=conversation.last_answered is not None) for _ in self._thumbs),
        )

    def _messages_of(self, conversation: Conversation) -> list[dict[str, Any]]:
        return [message for turn in conversation.turns for message in messages_of(turn)]

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any, opened: Any) -> None:
        """Adds the tab's components and wires them, inside `page`, the current `gr.Blocks`."""
        import gradio as gr

        html_props()  # here, because inside an event Gradio builds no components
        conversation = gr.State(Conversation())
        self._follow(page, conversation)
        messages = self._messages()
        examples = self._examples()
        notice = gr.HTML(elem_id="notice", padding=False)
        box, send, stop = self._composer()
        again, edit, clear = self._actions()
        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once: dict[str, Any] = {**private, "queue": False, "trigger_mode": "multiple"}
        opinion = self.panel.build(conversation, self._thumbs, at_once) if self.panel else []
        with gr.Accordion(words("Derrière la réponse", "Behind the answer"), open=False, elem_id="behind"):
            behind = gr.HTML(behind_html(None), padding=False)
        shown = [messages, notice, send, stop, again, edit, clear, behind, *self._thumbs]
        controls = self.controls.build(opened)
        asking = [
            gr.on([box.submit, send.click], self.ask, [conversation, box, *controls], [box, *shown], **at_once),
            again.click(self.again, [conversation, *controls], shown, **at_once),
            *(
                example.click(self.ask_example, [conversation, example, *controls], [box, *shown], **at_once)
                for example in examples
            ),
        ]
        for event in asking:
            heard = event.then(
                self.listen, conversation, messages, **private, trigger_mode="multiple",
                concurrency_id="model", concurrency_limit=self.chat.at_once,
            )  # fmt: skip
            # By the queue: who was let in to ask is let in to see the end (`app.page.limits`).
            heard.then(self.settle, conversation, shown, **private, trigger_mode="multiple", concurrency_limit=None)
            if self.panel:  # what is open there is about the answer before
                event.then(self.panel.close, None, opinion, **at_once)
        edit.click(self.edit, conversation, [box, *shown], **at_once)
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

    def _composer(self) -> tuple[Any, Any, Any]:
        """The question box, and the buttons to send and to stop."""
        import gradio as gr

        with gr.Row(elem_id="composer", elem_classes="composer"):
            box = gr.Textbox(
                show_label=False, container=False, scale=1, min_width=120, lines=1, max_lines=6, autofocus=True,
                label=words("Votre question", "Your question"),
                placeholder=words("Écrivez votre question…", "Write your question…"), elem_id="question",
            )  # fmt: skip
            send = gr.Button(words("Envoyer", "Send"), variant="primary", scale=0, min_width=96, elem_id="send")
            stop = gr.Button(
                words("Arrêter", "Stop"), variant="stop", scale=0, min_width=96, elem_id="stop", visible=False
            )
        return box, send, stop

    def _actions(self) -> tuple[Any, Any, Any]:
        """Regenerate, edit, clear; the thumbs stand beside them."""
        import gradio as gr

        with gr.Row(elem_id="actions"):
            again = gr.Button(words("Régénérer", "Regenerate"), size="sm", scale=0, interactive=False, elem_id="again")
            edit = gr.Button(words("Modifier", "Edit"), size="sm", scale=0, interactive=False, elem_id="edit")
            clear = gr.Button(words("Effacer", "Clear"), size="sm", scale=0, interactive=False, elem_id="clear")
            self._thumbs = self.panel.thumbs() if self.panel else []
            caution = words("Un petit modèle se trompe souvent : vérifiez.",
                            "Small models are often wrong: double-check.")  # fmt: skip
            gr.HTML(f"<p>{caution}</p>", elem_id="caution", padding=False)
        return again, edit, clear


def _kept() -> Any:
    """An output left as it is; a new one each time, for Gradio writes into it."""
    import gradio as gr

    return gr.skip()
