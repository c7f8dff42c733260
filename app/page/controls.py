"""What a reader chooses before asking: which model, with or without the reasoning layer, how tokens are chosen."""

from collections.abc import Sequence
from typing import Any

from app.page.content import PageContent
from app.page.look import words
from app.page.settings import sampling_of, settings_for
from chatbot.chat import Chat
from chatbot.errors import InputError
from chatbot.sampling import Sampling

# Only where it was put on the list.
TO_THE_CHAT = """(wanted, chosen) => { if (wanted === chosen) document.getElementById("tab-chat-button")?.click(); }"""


class Controls:
    """The fold "Réglages de la réponse" of a tab.

    The values that events carry are, in this order: one per slider; the model's name where there are several; whether to
    reason where there is a reasoning layer.
    """

    def __init__(self, content: PageContent):
        self.content = content
        self.settings = settings_for(content.sampling, content.chat.context)
        self.model: Any = None  # the list of models, once it is built

    def sampling(self, values: Sequence[object]) -> Sampling:
        """How tokens are chosen. Raises InputError: a value is out of its range."""
        return sampling_of(self.settings, values[: len(self.settings)], self.content.sampling)

    def chat(self, values: Sequence[object]) -> Chat:
        """Whom to ask.

        Raises:
            InputError: there is no such model.
            WorldError: it cannot be loaded.
        """
        others = list(values[len(self.settings) :])
        name = others.pop(0) if self.content.models else self.content.chat.name
        chat = self._model(name) if self.content.models else self.content.chat
        reason = self.content.reason if not others or others[0] is True else None
        return reason(chat, str(name)) if reason else chat

    def named(self, values: Sequence[object]) -> str:
        """The model's name where it is not the page's own one."""
        models = self.content.models
        name = values[len(self.settings)] if models else ""
        return str(name) if models and name != models.names[0] else ""

    def _model(self, name: object) -> Chat:
        models = self.content.models
        assert models is not None
        if not isinstance(name, str) or name not in models.names:
            raise InputError(words("Ce modèle n'est plus là : choisissez-en un autre dans les réglages.",
                                   "That model is gone: choose another one in the settings."))  # fmt: skip
        return models.open(name)

    def build(self, opened: Any) -> list[Any]:
        """Adds the components, in the order of the values.

        Args:
            opened: the tab: when it is opened, models that have come since are offered too.
        """
        import gradio as gr

        content, components = self.content, []
        with gr.Accordion(
            words("Réglages de la réponse", "Answer settings"), open=False, elem_id="settings", elem_classes="settings"
        ):
            if content.models:
                self.model = model_choice(content, words("Modèle", "Model"), 0, "model")
                opened.select(lambda: gr.update(choices=names_of(content)), None, self.model, queue=False,
                              show_progress="hidden", api_visibility="private")  # fmt: skip
                components.append(self.model)
            if content.reason:
                components.append(self._reasoning())
            sliders = [
                gr.Slider(
                    setting.low, setting.high, getattr(content.sampling, setting.name), step=setting.step,
                    label=setting.label, info=setting.explanation, buttons=[],
                )
                for setting in self.settings
            ]  # fmt: skip
        return [*sliders, *components]

    def follow(self, tried: Any, name: Any) -> None:
        """Has the chat go on with a model that a reader wants to try.

        Args:
            tried: the event after which it is on the list.
            name: the component that holds its name.
        """
        import gradio as gr

        def chosen(name: object) -> Any:
            models = self.content.models
            known = models is not None and name in models.names
            return gr.update(choices=names_of(self.content), value=name) if known else gr.skip()

        hidden: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        there = tried.then(chosen, name, self.model, **hidden)
        there.then(None, [name, self.model], None, js=TO_THE_CHAT, **hidden)

    def _reasoning(self) -> Any:
        import gradio as gr

        return gr.Checkbox(
            True, label=words("Raisonnement autour du modèle", "Reasoning around the model"), elem_id="reasoning",
            info=words("Cinq étapes avant et après le modèle : catégorie, conversation, entités, approche, vérifications. "
                       "Sans elles, le modèle répond seul.",
                       "Five steps before and after the model: category, conversation, entities, approach, checks. "
                       "Without them the model answers alone."),
        )  # fmt: skip


def names_of(content: PageContent) -> list[tuple[str, str]]:
    """The models as Gradio's choices."""
    return [(name, name) for name in content.models.names] if content.models else []


def model_choice(content: PageContent, label: str, place: int, name: str) -> Any:
    """A list of the page's models, the one at `place` chosen."""
    import gradio as gr

    choices = names_of(content)
    return gr.Dropdown(choices, value=choices[place][1], label=label, elem_id=name, filterable=False)
