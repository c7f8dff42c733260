"""The tab "Données": where the training set comes from, what was kept of it, its words and lengths, and its dialogues.

What takes seconds, words and lengths, is asked for when somebody first opens the tab, and shown when it is ready. Only
dialogues of the training split are shown.
"""

from typing import Any

from app.page.atlas_view import atlas_html
from app.page.data_view import dialogues_html, sections_html
from app.page.exhibit_parts import caution, exhibit, plain, said, section
from app.page.exhibits import AtlasOnDemand, Carried, Dialogues
from app.page.look import words
from app.page.trained import Exhibits
from chatbot.language import number

PAGE = 5  # dialogues shown at a time
LONGEST_SEARCH = 200  # characters
LOOK_EVERY = 3.0  # seconds between two looks at an atlas that is being drawn


class DataTab:
    """Layout and actions of the tab.

    Args:
        exhibits: of the model that the page was opened for.
        dialogues: its training dialogues; by default those that the value carries.
        atlas: words and lengths; without, they are not shown.
    """

    def __init__(self, exhibits: Exhibits, *, dialogues: Dialogues | None = None, atlas: AtlasOnDemand | None = None):
        self.data, self.why, self.atlas = exhibits.data, exhibits.why, atlas
        carried = exhibits.data.dialogues if exhibits.data else ()
        self.dialogues = dialogues or (Carried(carried) if carried else None)

    # -- actions ----------------------------------------------------------------------------------------------------

    def open(self) -> tuple:
        """Somebody looks at the tab: has the atlas drawn; returns it or a word of patience, and whether to look again."""
        assert self.atlas
        self.atlas.begin()
        return self._drawn()

    def look(self) -> tuple:
        """The same, later; what is shown stays until there is something new."""
        import gradio as gr

        assert self.atlas
        done = self.atlas.atlas or self.atlas.failure
        return self._drawn() if done else (gr.skip(), gr.skip())

    def search(self, wanted: object) -> tuple:
        return self._page(wanted, 0)

    def further(self, wanted: object, start: object) -> tuple:
        return self._page(wanted, _place(start) + PAGE)

    def back(self, wanted: object, start: object) -> tuple:
        return self._page(wanted, max(0, _place(start) - PAGE))

    # -- what is shown ----------------------------------------------------------------------------------------------

    def _drawn(self) -> tuple:
        import gradio as gr

        assert self.atlas
        if self.atlas.atlas:
            return exhibit(*atlas_html(self.atlas.atlas)), gr.Timer(active=False)
        if self.atlas.failure:
            body = f'<p class="caution" role="note">{said(self.atlas.failure)}</p>'
            return exhibit(section(_words_title(), body)), gr.Timer(active=False)
        return _waiting(), gr.Timer(active=True)

    def _page(self, wanted: object, start: int) -> tuple:
        """The dialogues from the `start`-th hit on, where that is, and whether there is more before and after."""
        import gradio as gr

        assert self.dialogues
        text = str(wanted or "")[:LONGEST_SEARCH].strip()
        try:
            total, found = self.dialogues.found(text, start, PAGE)
        except (OSError, ValueError, KeyError, TypeError):  # the set was deleted or prepared again since
            return _gone(), "", 0, gr.update(interactive=False), gr.update(interactive=False)
        if start and not found:
            return self._page(text, 0)
        shown = exhibit(f"<div>{dialogues_html(found, text)}</div>")
        return (
            shown,
            _where(start, len(found), total, self.dialogues.beginning),
            start,
            gr.update(interactive=start > 0),
            gr.update(interactive=start + PAGE < total),
        )

    def _terms(self) -> str:
        """What to mind before others are given this page's address."""
        allowed = dict(self.data.terms).get("redistribution", "unknown") if self.data else "yes"
        if allowed == "yes":
            return ""
        if allowed == "no":
            text = words("La licence de ces données interdit de les redistribuer : ne publiez pas cette page telle quelle.",
                         "The licence of these data forbids to pass them on: do not publish this page as it is.")  # fmt: skip
        else:
            text = words("Rien ne dit que ces données puissent être redistribuées : vérifiez leur licence avant de publier cette page.",
                         "Nothing says that these data may be passed on: check their licence before you publish this page.")  # fmt: skip
        return caution(text)

    # -- layout -----------------------------------------------------------------------------------------------------

    def build(self, page: Any, tab: Any = None) -> None:
        """Adds the tab's components and wires them, inside `page`, the current `gr.Blocks`.

        Args:
            page: the Blocks.
            tab: the `gr.Tab` around; without it the atlas is drawn as soon as the page is loaded.
        """
        import gradio as gr

        private: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
        if self.data is None:
            why = said(self.why or "")
            title = words("Données", "Data")
            gr.HTML(exhibit(section(title, f'<p class="caution" role="note">{why}</p>')), padding=False)
            return
        gr.HTML(exhibit(*sections_html(self.data)), padding=False)
        if self.atlas:
            shown, timer = gr.HTML(_waiting(), elem_id="data-atlas", padding=False), gr.Timer(LOOK_EVERY, active=False)
            opened = tab.select if tab is not None else page.load
            opened(self.open, None, [shown, timer], **private)
            timer.tick(self.look, None, [shown, timer], **private)
        if self.dialogues:
            self._build_dialogues(private)

    def _build_dialogues(self, private: dict[str, Any]) -> None:
        import gradio as gr

        first, where, start, _, more = self._page("", 0)
        title = words("Dialogues d'entraînement", "Training dialogues")
        with gr.Column(elem_classes="card", elem_id="data-talks"):
            gr.HTML(exhibit(f"<div><h2>{title}</h2>{_lead()}{self._terms()}</div>"), padding=False)
            wanted = gr.Textbox(
                label=words("Chercher un texte dans les questions et les réponses", "Search the questions and answers for a text"),
                placeholder=words("un mot ou une expression, puis Entrée", "a word or phrase, then Enter"),
                max_length=LONGEST_SEARCH, max_lines=1, elem_id="data-search",
            )  # fmt: skip
            shown = gr.HTML(first, elem_id="data-dialogues", padding=False)
            place = gr.State(start)
            with gr.Row(elem_id="data-pages"):
                back = gr.Button(
                    words("Précédents", "Previous"), size="sm", scale=0, interactive=False, elem_id="data-back"
                )
                further = gr.Button(
                    words("Suivants", "Next"), size="sm", scale=0, interactive=more["interactive"], elem_id="data-next"
                )
                told = gr.HTML(where, elem_id="data-where", padding=False)
        outputs = [shown, told, place, back, further]
        wanted.submit(self.search, wanted, outputs, **private)
        further.click(self.further, [wanted, place], outputs, **private)
        back.click(self.back, [wanted, place], outputs, **private)


def _place(start: object) -> int:
    return start if isinstance(start, int) and start >= 0 else 0


def _words_title() -> str:
    return words("Mots et longueurs", "Words and lengths")


def _waiting() -> str:
    text = words("Calcul en cours : nuages de mots et longueurs, quelques secondes à la première ouverture.",
                 "Being computed: word clouds and lengths, a few seconds when first opened.")  # fmt: skip
    return exhibit(section(_words_title(), f'<p class="wait" role="status">{text}</p>'))


def _lead() -> str:
    text = words("Seulement la partie d'entraînement : les questions mises de côté pour mesurer le modèle restent fermées. "
                 "Sous chaque dialogue, les jetons que le modèle lit ; il n'apprend que ceux qui sont surlignés.",
                 "The training split only: questions set aside to measure the model stay closed. Below each dialogue, the "
                 "tokens that the model reads; it learns only those that are highlighted.")  # fmt: skip
    return f'<p class="lead">{text}</p>'


def _gone() -> str:
    text = words("Le jeu n'est plus lisible : il a été effacé ou préparé de nouveau depuis l'ouverture de la page.",
                 "The set can no longer be read: it was deleted or prepared again since the page was opened.")  # fmt: skip
    return exhibit(f'<p class="caution" role="alert">{text}</p>')


def _where(start: int, count: int, total: int, beginning: int | None) -> str:
    if not total:
        text = words("Aucun dialogue ne contient ce texte.", "No dialogue holds this text.")
    else:
        first, last, of = number(start + 1), number(start + count), number(total)
        text = words(f"{first} à {last} sur {of}", f"{first} to {last} of {of}")
    if beginning:
        text += words(
            f", parmi les {number(beginning)} premiers dialogues", f", among the first {number(beginning)} dialogues"
        )
    return f'<p role="status" style="margin: 0">{plain(text)}</p>'
