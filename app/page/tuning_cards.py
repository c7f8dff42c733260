"""The cards of the fine-tuning form: a file to send, what is in it and what to do with it, the training, its models.

Each function adds one card to the current `gr.Blocks`, hidden unless there is nothing to hide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.page.look import words
from app.page.tuning_drawing import intro_html, safe
from app.page.tuning_jobs import FEWEST_EPOCHS, MOST_EPOCHS, USUAL_EPOCHS


@dataclass(frozen=True, kw_only=True)
class FileCard:
    card: Any
    send: Any


@dataclass(frozen=True, kw_only=True)
class FoundCard:
    """Args:
    card, drawn: the card, and the diagnosis in it.
    columns, question, answer: the row of both lists, and the lists.
    base, method, epochs: what the reader sets.
    start, forget: buttons.
    why_not: why `start` is no choice now.
    """

    card: Any
    drawn: Any
    columns: Any
    question: Any
    answer: Any
    base: Any
    method: Any
    epochs: Any
    start: Any
    forget: Any
    why_not: Any


@dataclass(frozen=True, kw_only=True)
class ProgressCard:
    card: Any
    drawn: Any
    cancel: Any


@dataclass(frozen=True, kw_only=True)
class ResultCard:
    """Args:
    card, drawn: the card, and the model in sight in it.
    which: the list of the reader's models.
    try_it, delete, sure, stay: buttons; the last two once `delete` was pressed.
    """

    card: Any
    drawn: Any
    which: Any
    try_it: Any
    delete: Any
    sure: Any
    stay: Any


def file_card(limits: str, most_bytes: int) -> FileCard:
    import gradio as gr

    with gr.Column(elem_classes="card", elem_id="tuning-send") as card:
        gr.HTML(intro_html(limits, most_bytes), elem_classes="tuning", padding=False)
        with gr.Row(elem_classes="buttons"):
            send = gr.UploadButton(words("Choisir un fichier", "Choose a file"), variant="primary", scale=0,
                                   elem_id="tuning-file")  # fmt: skip
    return FileCard(card=card, send=send)


def found_card(bases: Sequence[str]) -> FoundCard:
    import gradio as gr

    methods = [
        (words("Tous les poids : apprend le plus", "All weights: learns the most"), "full"),
        (words("Adaptateur LoRA : plus léger, le modèle de départ reste intact",
               "LoRA adapter: lighter, the base model stays as it is"), "lora"),
    ]  # fmt: skip
    question_label = words("Colonne des questions", "Column of the questions")
    answer_label = words("Colonne des réponses", "Column of the answers")
    with gr.Column(visible=False, elem_classes="card", elem_id="tuning-found") as card:
        drawn = gr.HTML(elem_classes="tuning", padding=False)
        with gr.Row(elem_id="tuning-columns", visible=False) as columns:
            question, answer = (gr.Dropdown([], label=label, min_width=200) for label in (question_label, answer_label))
        with gr.Column(elem_id="tuning-choices"):
            if len(bases) == 1:
                only = words("Modèle de départ :", "Base model:")
                gr.HTML(f"<p>{only} <b>{safe(bases[0])}</b></p>", elem_classes="tuning", padding=False)
            base = gr.Radio(
                list(bases), value=bases[0], label=words("Modèle de départ", "Base model"), visible=len(bases) > 1
            )
            method = gr.Radio(methods, value="full", label=words("Méthode", "Method"))
            epochs = gr.Slider(
                FEWEST_EPOCHS, MOST_EPOCHS, USUAL_EPOCHS, step=1, buttons=[], label=words("Époques", "Epochs"),
                info=words("Combien de fois le modèle relit vos dialogues. À trop relire, il récite.",
                           "How often the model reads your dialogues. Reading too often, it recites."),
            )  # fmt: skip
        with gr.Row(elem_classes="buttons"):
            start = gr.Button(words("Lancer l'entraînement", "Start the training"), variant="primary", scale=0,
                              elem_id="tuning-start")  # fmt: skip
            forget = gr.Button(
                words("Effacer ce fichier", "Delete this file"), size="sm", scale=0, elem_id="tuning-forget"
            )
        why_not = gr.HTML(elem_classes="tuning", elem_id="tuning-why-not", padding=False)
    return FoundCard(card=card, drawn=drawn, columns=columns, question=question, answer=answer, base=base, method=method,
                     epochs=epochs, start=start, forget=forget, why_not=why_not)  # fmt: skip


def progress_card() -> ProgressCard:
    import gradio as gr

    with gr.Column(visible=False, elem_classes="card", elem_id="tuning-progress") as card:
        drawn = gr.HTML(elem_classes="tuning", padding=False)
        with gr.Row(elem_classes="buttons"):
            label = words("Annuler l'entraînement", "Cancel the training")
            cancel = gr.Button(label, size="sm", scale=0, visible=False, elem_id="tuning-cancel")
    return ProgressCard(card=card, drawn=drawn, cancel=cancel)


def result_card() -> ResultCard:
    import gradio as gr

    sure_label = words("Oui, supprimer le modèle et mon fichier", "Yes, delete the model and my file")
    with gr.Column(visible=False, elem_classes="card", elem_id="tuning-result") as card:
        which = gr.Dropdown([], label=words("Vos modèles", "Your models"), visible=False, elem_id="tuning-which")
        drawn = gr.HTML(elem_classes="tuning", padding=False)
        everybody = words("Si vous l'essayez, tous les lecteurs de cette page pourront le choisir.",
                          "If you try it, all readers of this page can choose it.")  # fmt: skip
        gr.HTML(f'<p class="small">{everybody}</p>', elem_classes="tuning", padding=False)
        with gr.Row(elem_classes="buttons"):
            try_it = gr.Button(
                words("Essayer ce modèle", "Try this model"), variant="primary", scale=0, elem_id="tuning-try"
            )
            delete = gr.Button(words("Supprimer", "Delete"), size="sm", scale=0, elem_id="tuning-delete")
            sure = gr.Button(sure_label, size="sm", scale=0, visible=False, elem_id="tuning-sure")
            stay = gr.Button(
                words("Non, garder", "No, keep it"), size="sm", scale=0, visible=False, elem_id="tuning-not"
            )
    return ResultCard(card=card, drawn=drawn, which=which, try_it=try_it, delete=delete, sure=sure, stay=stay)
