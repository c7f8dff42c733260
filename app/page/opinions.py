"""👍 and 👎 on the last answer of a conversation, with a comment if one likes: the buttons, the panel below them.

Nothing is kept before the reader agreed to what is kept; who keeps it is the page's affair (`Opinions`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.page.conversation import Conversation, Turn
from app.page.drawing import notice_html
from app.page.look import words
from chatbot.dialogue import Message
from chatbot.errors import CausetteError, InputError
from chatbot.language import number, tr

LONGEST_COMMENT = 1000  # characters

Person = str | None  # a random name that the reader's browser keeps; None before they agreed


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """One answer of a conversation, and what a reader thinks of it.

    Args:
        turn: names the answer; a later opinion on it replaces the first.
        liked: 👍 or 👎.
        messages: what the model was asked, the question last.
        answer, finish: what it said, and how that ended.
        model, settings: which one, and its sampling.
        seconds, first_seconds: until the last and the first word.
        comment: free text, maybe empty.
    """

    turn: str
    liked: bool
    messages: tuple[Message, ...]
    answer: str
    finish: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    first_seconds: float = 0.0
    comment: str = ""


class Opinions(Protocol):
    """Who keeps opinions. All may raise CausetteError, which the reader is told."""

    def agree(self, training: bool) -> str:
        """Notes that somebody agreed, to training too or not; returns their new random name."""

    def knows(self, person: Person) -> bool:
        """Whether that name was given, and not withdrawn."""

    def keep(self, person: str, opinion: Opinion) -> None:
        """Keeps an opinion, in place of an earlier one on the same answer."""

    def withdraw(self, person: str) -> int:
        """Deletes a person and their opinions; returns how many there were."""


def checked_comment(comment: object) -> str:
    """The comment without blanks around it.

    Raises:
        InputError: it is no text, or longer than `LONGEST_COMMENT`.
    """
    if comment is None:
        return ""
    if not isinstance(comment, str):
        raise InputError(tr("Le commentaire doit être un texte.", "The comment must be a text."))
    text = comment.strip().encode("utf-8", "replace").decode()
    if len(text) > LONGEST_COMMENT:
        longest, length = number(LONGEST_COMMENT), number(len(text))
        raise InputError(
            tr(f"Le commentaire est trop long : {length} caractères, {longest} au plus.",
               f"The comment is too long: {length} characters, {longest} at most.")
        )  # fmt: skip
    return text


class OpinionPanel:
    """The two thumbs and the panel, for one chat tab.

    Args:
        opinions: who keeps them.
    """

    def __init__(self, opinions: Opinions):
        self.opinions = opinions

    # -- actions ----------------------------------------------------------------------------------------------------

    def thumb(self, conversation: Conversation, person: Person, liked: bool) -> tuple:
        """A click on a thumb: kept at once where the reader agreed before; else the panel asks. Returns `_shown`."""
        turn = conversation.last_answered
        if turn is None:
            notice = words("Attendez une réponse, puis donnez votre avis.", "Wait for an answer, then rate it.")
            return self._shown(None, notice=notice)
        try:
            if agreed := self.opinions.knows(person):
                self.opinions.keep(person or "", self._opinion(turn, liked, ""))
        except CausetteError as error:
            return self._shown(None, notice=str(error))
        return self._shown((turn.key, liked), agreed=agreed)

    def like(self, conversation: Conversation, person: Person) -> tuple:
        return self.thumb(conversation, person, True)

    def dislike(self, conversation: Conversation, person: Person) -> tuple:
        return self.thumb(conversation, person, False)

    def save(
        self, conversation: Conversation, person: Person, opened: Any, comment: object, training: object
    ) -> tuple[Any, ...]:
        """The panel's button: agrees where that is still to be done, and keeps the opinion with its comment.

        Returns:
            The person, then `_shown`.
        """
        turn = next((turn for turn in conversation.turns if opened and turn.key == opened[0]), None)
        if turn is None:
            notice = words("Cette réponse n'est plus là.", "That answer is gone.")
            return person, *self._shown(None, notice=notice)
        agreed = False
        try:
            agreed = self.opinions.knows(person)
            text = checked_comment(comment)
            if not agreed:
                person = self.opinions.agree(training is True)
            self.opinions.keep(person or "", self._opinion(turn, bool(opened[1]), text))
        except CausetteError as error:
            return person, *self._shown(opened, agreed=agreed, notice=str(error), kept=True)
        return person, *self._shown(None, notice=words("Merci : votre avis est enregistré.", "Thank you: it is kept."))

    def close(self) -> tuple:
        return self._shown(None)

    def withdraw(self, person: Person) -> tuple:
        """Deletes all that this browser's reader gave; returns the person (nobody), then `_shown`."""
        try:
            count = self.opinions.withdraw(person) if person else 0
        except CausetteError as error:
            return person, *self._shown(None, notice=str(error))
        notice = words(f"Avis retirés : {count}. Rien n'en reste.", f"Opinions withdrawn: {count}. Nothing is left.")
        return None, *self._shown(None, notice=notice)

    def _opinion(self, turn: Turn, liked: bool, comment: str) -> Opinion:
        answer = turn.answer
        return Opinion(
            turn=turn.key, liked=liked, messages=turn.given, answer=turn.own, finish=answer.finish,
            model=turn.model, settings=turn.settings, seconds=answer.seconds, first_seconds=answer.first_seconds,
            comment=comment,
        )  # fmt: skip

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, opened: Any, *, agreed: bool = False, notice: str = "", kept: bool = False) -> tuple:
        """What is rated (turn, liked), the panel, its title, consent, comment, the boxes and buttons; the notice.

        Args:
            opened: what is rated; None closes the panel.
            agreed: whether the reader agreed before.
            notice: what to tell.
            kept: whether the comment and the box stay as they are.
        """
        import gradio as gr

        leave = gr.skip if kept else gr.update
        return (
            opened,
            gr.update(visible=opened is not None),
            gr.update(value=_title(opened, agreed) if opened else ""),
            gr.update(visible=not agreed),
            leave() if kept else gr.update(value=""),
            leave() if kept else gr.update(value=False, visible=not agreed),
            gr.update(value=_save_label(agreed)),
            gr.update(value=_close_label(agreed)),
            gr.update(visible=agreed),
            notice_html(notice),
        )

    # -- layout -----------------------------------------------------------------------------------------------------

    def thumbs(self) -> list[Any]:
        """The two buttons, to stand in the row of actions."""
        import gradio as gr

        return [
            gr.Button(words("Utile", "Useful"), size="sm", scale=0, interactive=False, elem_id="like"),
            gr.Button(words("Pas utile", "Not useful"), size="sm", scale=0, interactive=False, elem_id="dislike"),
        ]

    def build(self, conversation: Any, thumbs: list[Any], private: dict[str, Any]) -> list[Any]:
        """Adds the panel and wires it to the thumbs; returns what `close` draws."""
        import gradio as gr

        person, opened = gr.BrowserState(None, storage_key="causette-opinions", secret="causette-opinions"), gr.State()
        notice = gr.HTML(elem_id="opinion-notice", elem_classes="notice", padding=False)
        with gr.Column(visible=False, elem_id="opinion", elem_classes="card") as panel:
            title = gr.HTML(elem_id="opinion-title", padding=False)
            consent = gr.HTML(consent_html(), elem_classes="consent", padding=False)
            comment = gr.Textbox(
                label=words("Un commentaire (facultatif)", "A comment (optional)"), lines=2, max_lines=5,
                max_length=LONGEST_COMMENT, elem_id="opinion-comment",
                info=words("N'écrivez ni nom ni donnée personnelle.", "Write no name and no personal data."),
            )  # fmt: skip
            training = gr.Checkbox(
                label=words("Mes avis peuvent servir à entraîner une prochaine version (facultatif).",
                            "My opinions may be used to train a next version (optional)."),
            )  # fmt: skip
            with gr.Row(elem_classes="buttons"):
                save = gr.Button(_save_label(False), variant="primary", size="sm", scale=0, elem_id="opinion-save")
                close = gr.Button(_close_label(False), size="sm", scale=0, elem_id="opinion-close")
                withdraw = gr.Button(
                    words("Retirer tous mes avis", "Withdraw all my opinions"), size="sm", scale=0, visible=False,
                    elem_id="opinion-withdraw",
                )  # fmt: skip
        shown = [opened, panel, title, consent, comment, training, save, close, withdraw, notice]
        like, dislike = thumbs
        like.click(self.like, [conversation, person], shown, **private)
        dislike.click(self.dislike, [conversation, person], shown, **private)
        save.click(self.save, [conversation, person, opened, comment, training], [person, *shown], **private)
        close.click(self.close, None, shown, **private)
        withdraw.click(self.withdraw, person, [person, *shown], **private)
        return shown


def consent_html() -> str:
    """What is kept of an opinion, why, where, and how to take it back."""
    kept = words("Si vous enregistrez : cette question et la conversation qui la précède, la réponse, votre avis, votre "
                 "commentaire, le modèle, ses réglages et son temps de réponse sont gardés dans un fichier de l'équipe qui "
                 "a ouvert cette page, pour juger et améliorer le modèle. Ni nom, ni adresse. Vous pourrez tout retirer.",
                 "If you save: this question and the conversation before it, the answer, your opinion, your comment, the "
                 "model, its settings and its response time are kept in a file of the team that opened this page, to judge "
                 "and improve the model. No name, no address. You can withdraw everything.")  # fmt: skip
    return f"<p>{kept}</p>"


def _title(opened: Any, agreed: bool) -> str:
    thumb = words("Réponse utile", "Useful answer") if opened[1] else words("Réponse pas utile", "Answer not useful")
    if agreed:
        text = words("avis enregistré. Un mot de plus ?", "kept. Anything to add?")
    else:
        text = words("enregistrer cet avis ?", "save this opinion?")
    return f"<p><b>{words(f'{thumb} : {text}', f'{thumb}: {text}')}</b></p>"


def _save_label(agreed: bool) -> str:
    return words("Ajouter ce commentaire", "Add this comment") if agreed else words("J'accepte : enregistrer",
                                                                                  "I agree: save")  # fmt: skip


def _close_label(agreed: bool) -> str:
    return words("Fermer", "Close") if agreed else words("Annuler", "Cancel")
