"""The tab "Test à l'aveugle": two answers to a question, nobody says whose; the person votes, and the next one comes.

Consent first. What the browser keeps is a random name, so that a page loaded again goes on where it was; what it is
told is two texts and a ticket, so that nothing on the page or on the way to it tells which model made which answer.
"""

import html
from typing import Any, Protocol

from app.feedback.ballot import HIGHEST, LOWEST, SCALES, SIDES, Ballot, Shown, ballot_of, scale_name
from app.page.drawing import notice_html
from app.page.look import words
from app.page.opinions import LONGEST_COMMENT, Person
from chatbot.errors import CausetteError
from chatbot.terminal import printable

# The next question begins where the last one did; a refusal is read first.
TO_THE_TOP = """() => requestAnimationFrame(() =>
  (document.querySelector("#test-notice p") ?? document.querySelector("#ballot, #thanks"))?.scrollIntoView())"""

LONG = 600  # characters of a text or a conversation; a longer one can be folded
BLOCK = 'style="margin: 8px 0; padding: 10px 14px; border: 1px solid var(--line); border-radius: 14px"'
PROSE = 'style="margin: 4px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--body-text-color)"'


class UserTest(Protocol):
    """Who keeps the votes of one study. All may raise CausetteError, which the person is told."""

    @property
    def name(self) -> str:
        """Unlike that of any other study; it tells nothing of it."""

    def join(self, training: bool) -> str:
        """Notes that somebody agreed; returns their new random name."""

    def knows(self, person: Person) -> bool:
        """Whether that name was given, and not withdrawn."""

    def next(self, person: str) -> Shown | None:
        """What the person is to judge now; None when they judged all."""

    def vote(self, person: str, ticket: str, ballot: Ballot) -> bool:
        """Keeps a vote; False when it was kept before."""

    def votes_of(self, person: str) -> int: ...

    def withdraw(self, person: str) -> int:
        """Deletes a person and their votes; returns how many there were."""


class UserTestTab:
    """Layout and actions of the tab.

    Args:
        test: who keeps the votes.
    """

    def __init__(self, test: UserTest):
        self.test = test

    # -- actions: each returns `_shown` -----------------------------------------------------------------------------

    def open(self, person: Person) -> tuple:
        """A page that loads: on with the person whom the browser remembers, or the consent."""
        try:
            return self._shown(person if self.test.knows(person) else None)
        except CausetteError as error:
            return self._shown(None, str(error))

    def begin(self, person: Person, agreed: object, training: object) -> tuple:
        if agreed is not True:
            notice = words("Cochez d'abord « J'accepte de participer ».", "First tick “I agree to take part”.")
            return self._kept(person, notice)
        try:
            known = person if self.test.knows(person) else self.test.join(training is True)
            return self._shown(known)
        except CausetteError as error:
            return self._kept(person, str(error))

    def vote(self, person: Person, ticket: object, choice: object, comment: object, *ratings: object) -> tuple:
        """A vote; when it is refused, what was filled in stays."""
        try:
            self.test.vote(str(person), str(ticket), ballot_of(choice, ratings, comment))
            return self._shown(person)
        except CausetteError as error:
            return self._kept(person, str(error))

    def ask_withdrawal(self, person: Person) -> tuple:
        """The second step of a withdrawal: how many votes there are, and the two buttons."""
        import gradio as gr

        try:
            count = self.test.votes_of(person) if person else 0
        except CausetteError as error:
            return gr.update(value=notice_html(str(error))), gr.skip(), gr.skip(), gr.skip()
        text = words(f"Effacer vos votes ({count}) ? Rien n'en restera.",
                     f"Delete your votes ({count})? Nothing will be left.")  # fmt: skip
        return gr.update(value=f"<p>{text}</p>"), *(gr.update(visible=shown) for shown in (False, True, True))

    def keep_votes(self) -> tuple:
        import gradio as gr

        return gr.update(value=_foot()), *(gr.update(visible=shown) for shown in (True, False, False))

    def withdraw(self, person: Person) -> tuple:
        try:
            count = self.test.withdraw(person) if person else 0
        except CausetteError as error:
            return self._kept(person, str(error))
        return self._shown(None, words(f"Vos votes sont effacés ({count}).", f"Your votes are deleted ({count})."))

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _shown(self, person: Person, notice: str = "") -> tuple:
        """Person, notice, the three panels, then all of the question's panel and of the foot, fresh."""
        import gradio as gr

        shown = self.test.next(person) if person else None
        over = person is not None and shown is None
        return (
            person,
            notice_html(notice),
            gr.update(visible=person is None),
            gr.update(visible=shown is not None),
            gr.update(visible=over),
            gr.update(visible=person is not None),
            shown.ticket if shown else "",
            gr.update(value=_progress(shown) if shown else ""),
            gr.update(value=_question(shown) if shown else ""),
            gr.update(value=_answers(shown) if shown else ""),
            gr.update(value=None),
            gr.update(value=""),
            *(gr.update(value=None) for _ in SIDES for _ in SCALES),
            *self.keep_votes(),
        )

    def _kept(self, person: Person, notice: str) -> tuple:
        """Everything as it is, but for the notice."""
        import gradio as gr

        return person, notice_html(notice), *(gr.skip() for _ in range(len(self._shown(None)) - 2))

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any) -> None:
        """Adds the tab's components and wires them, inside `page`, the current `gr.Blocks`."""
        import gradio as gr

        # The browser's memory is no secret of ours: it holds a random name, one per study.
        person = gr.BrowserState(None, storage_key=f"causette-{self.test.name}", secret=self.test.name)
        ticket = gr.Textbox(visible=False)
        notice = gr.HTML(elem_id="test-notice", elem_classes="notice", padding=False)
        with gr.Column(elem_classes="card", elem_id="consent") as consent:
            gr.HTML(_consent_html(), elem_classes="prose-like", padding=False)
            agreed = gr.Checkbox(label=words("J'accepte de participer.", "I agree to take part."), elem_id="agree")
            training = gr.Checkbox(
                label=words("Mes votes peuvent servir à entraîner une prochaine version (facultatif).",
                            "My votes may be used to train a next version (optional)."),
                elem_id="training",
            )  # fmt: skip
            with gr.Row(elem_classes="buttons"):
                begin = gr.Button(words("Commencer", "Begin"), variant="primary", scale=0, elem_id="begin")
        with gr.Column(visible=False, elem_classes="card", elem_id="ballot") as ballot:
            progress = gr.HTML(elem_id="test-progress", padding=False)
            question = gr.HTML(elem_id="test-question", padding=False)
            answers = gr.HTML(elem_id="test-answers-box", padding=False)
            choice = gr.Radio(_choices(), label=words("Quelle réponse préférez-vous ?", "Which answer do you prefer?"),
                              elem_id="choice")  # fmt: skip
            ratings, comment = self._details()
            vote = gr.Button(words("Enregistrer et continuer", "Save and go on"), variant="primary", elem_id="vote")
        with gr.Column(visible=False, elem_classes="card", elem_id="thanks") as thanks:
            gr.HTML(_thanks_html(), elem_classes="prose-like", padding=False)
        with gr.Row(visible=False, elem_id="test-foot") as foot:
            about = gr.HTML(_foot(), elem_classes="prose-like", padding=False)
            leave = gr.Button(words("Retirer mes votes", "Withdraw my votes"), size="sm", scale=0, elem_id="leave")
            sure = gr.Button(words("Oui, tout effacer", "Yes, delete all"), size="sm", scale=0, visible=False,
                             elem_id="leave-sure")  # fmt: skip
            stay = gr.Button(words("Non, les garder", "No, keep them"), size="sm", scale=0, visible=False,
                             elem_id="leave-not")  # fmt: skip

        steps = [about, leave, sure, stay]
        shown = [person, notice, consent, ballot, thanks, foot, ticket, progress, question, answers, choice, comment,
                 *ratings, *steps]  # fmt: skip
        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        page.load(self.open, person, shown, **private)
        begin.click(self.begin, [person, agreed, training], shown, **private)
        voted = vote.click(self.vote, [person, ticket, choice, comment, *ratings], shown, **private)
        voted.then(None, js=TO_THE_TOP, **private)
        leave.click(self.ask_withdrawal, person, steps, **private)
        stay.click(self.keep_votes, None, steps, **private)
        sure.click(self.withdraw, person, shown, **private)

    def _details(self) -> tuple[list[Any], Any]:
        """The scales of both answers, in the order of `RATED`, and the comment."""
        import gradio as gr

        ratings = []
        with gr.Accordion(
            words("Noter et commenter (facultatif)", "Rate and comment (optional)"), open=False, elem_id="details"
        ):
            with gr.Row(elem_classes="row"):
                for letter in "AB":
                    with gr.Column(min_width=240):
                        gr.HTML(f"<h3>{words(f'Réponse {letter}', f'Answer {letter}')}</h3>", padding=False)
                        ratings += [
                            gr.Radio(
                                [(str(value), value) for value in range(LOWEST, HIGHEST + 1)],
                                label=words(f"{letter} est {scale_name(scale).lower()} : 1 pas du tout, 5 tout à fait",
                                            f"{letter} is {scale_name(scale).lower()}: 1 not at all, 5 entirely"),
                                elem_classes="rating",
                            )
                            for scale in SCALES
                        ]  # fmt: skip
            comment = gr.Textbox(
                label=words("Commentaire", "Comment"), lines=2, max_lines=5, max_length=LONGEST_COMMENT, elem_id="comment",
                info=words("N'écrivez ni nom ni donnée personnelle.", "Write no name and no personal data."),
            )  # fmt: skip
        return ratings, comment


def _choices() -> list[tuple[str, str]]:
    return [
        (words("A est meilleure", "A is better"), "left"),
        (words("B est meilleure", "B is better"), "right"),
        (words("Les deux sont bonnes", "Both are good"), "both_good"),
        (words("Les deux sont mauvaises", "Both are bad"), "both_bad"),
    ]


def _progress(shown: Shown) -> str:
    done = 100 * (shown.number - 1) / shown.of
    text = words(f"Question {shown.number} / {shown.of}", f"Question {shown.number} / {shown.of}")
    return f'<p>{text}</p><div class="track" aria-hidden="true"><div style="width: {done:.1f}%"></div></div>'


def _question(shown: Shown) -> str:
    """The conversation so far, the question, and the text that it is about; long ones can be folded away."""
    said = "".join(
        f"<p {PROSE}><b>{_speaker(message.role)}</b> {_text(message.content)}</p>"
        + (f'<p {PROSE} class="context">{_text(message.context)}</p>' if message.context else "")
        for message in shown.history
    )
    length = sum(len(message.content) + len(message.context) for message in shown.history)
    before = _block(words("La conversation jusque-là", "The conversation so far"), said, length) if said else ""
    text = f'<p {PROSE} class="context">{_text(shown.context)}</p>'
    about = _block(words("Le texte", "The text"), text, len(shown.context)) if shown.context else ""
    return f'{before}<h2 class="asked">{_text(shown.question)}</h2>{about}'


def _block(title: str, body: str, length: int) -> str:
    """A part of what was asked, open; from `LONG` characters on it can be folded."""
    if length < LONG:
        return f"<section {BLOCK}><h3>{title}</h3>{body}</section>"
    return f"<details open {BLOCK}><summary>{title}</summary>{body}</details>"


def _speaker(role: str) -> str:
    names = {"system": ("Consigne :", "Instruction:"), "user": ("Question :", "Question:")}
    return words(*names.get(role, ("Réponse :", "Answer:")))


def _answers(shown: Shown) -> str:
    cards = (_card(letter, text) for letter, text in zip("AB", (shown.left, shown.right), strict=True))
    return f'<div id="test-answers">{"".join(cards)}</div>'


def _card(letter: str, text: str) -> str:
    title = words("Réponse", "Answer")
    empty = f'<p class="empty">{words("(réponse vide)", "(empty answer)")}</p>'
    body = f"<p>{_text(text)}</p>" if printable(text).strip() else empty
    return f'<section class="answer"><h3>{title} <b>{letter}</b></h3>{body}</section>'


def _text(text: str) -> str:
    """Text of a model or of the data, as text: no markup, no control characters, and no `${…}` of a template."""
    return html.escape(printable(text).strip()).replace("{", "&#123;").replace("$", "&#36;")


def _foot() -> str:
    return "<p>{}</p>".format(
        words("Vous pouvez vous arrêter quand vous voulez : fermez la page, et revenez-y plus tard sur ce navigateur.",
              "You can stop whenever you like: close the page, and come back to it later in this browser.")
    )  # fmt: skip


def _consent_html() -> str:
    title = words("Deux réponses, laquelle préférez-vous ?", "Two answers: which one do you prefer?")
    lead = words("Vous lirez des questions, chacune avec deux réponses de deux modèles différents, sans savoir lequel a "
                 "écrit quoi. Votez ; notez et commentez si vous le souhaitez.",
                 "You will read questions, each with two answers by two different models, without knowing which wrote "
                 "which. Vote; rate and comment if you like.")  # fmt: skip
    points = [
        words("Ce qui est gardé : la question, les deux réponses, l'ordre où vous les voyez, les réglages et le temps de "
              "réponse des modèles, votre choix, vos notes, votre commentaire, l'heure. Ni nom, ni adresse, rien de votre "
              "appareil ; un numéro tiré au hasard relie vos votes entre eux.",
              "What is kept: the question, the two answers, the order in which you see them, the models' settings and "
              "response times, your choice, your ratings, your comment, the time. No name, no address, nothing of your "
              "device; a random number ties your votes together."),
        words("Pourquoi : pour savoir lequel des deux modèles répond le mieux.",
              "Why: to know which of the two models answers better."),
        words("Où, et combien de temps : dans un fichier de l'équipe qui a ouvert cette page, jusqu'à ce qu'elle l'efface.",
              "Where, and how long: in a file of the team that opened this page, until they delete it."),
        words("Vous pouvez vous arrêter à tout moment, et retirer vos votes depuis ce navigateur : ils sont alors effacés.",
              "You can stop at any time, and withdraw your votes from this browser: they are then deleted."),
        words("N'écrivez ni nom ni donnée personnelle dans un commentaire.",
              "Write no name and no personal data in a comment."),
    ]  # fmt: skip
    listed = "".join(f"<li>{html.escape(point, quote=False)}</li>" for point in points)
    return f"<h2>{title}</h2><p>{lead}</p><ul>{listed}</ul>"


def _thanks_html() -> str:
    title = words("Merci !", "Thank you!")
    text = words("Vous avez répondu à toutes les questions, et vos votes sont enregistrés.",
                 "You answered all the questions, and your votes are saved.")  # fmt: skip
    return f"<h2>{title}</h2><p>{text}</p>"
