"""How to use a model that was sent, in five lines; its template, and the texts that end an answer."""

from app.hub.card_subject import Subject, is_mini
from app.hub.card_text import literal
from app.hub.dataset_card import languages_in
from chatbot.dialogue import Dialogue, assistant, user
from chatbot.language import tr
from training.evaluation.markdown import code, inline

QUESTIONS = {"fr": "Bonjour, que sais-tu faire ?", "en": "Hello, what can you do?"}


def use_lines(subject: Subject) -> list[str]:
    """What to type: with Causette, with KerasHub, with transformers where it can be."""
    if subject.adapter:
        return _adapter(subject)
    if is_mini(subject):
        return _to_fine_tune(subject)
    lines = ["```", f"causette chat hf://{subject.repo}", "```", "", *_keras(subject)]
    return [*lines, "", *_transformers(subject)] if subject.transformers else lines


def template_lines(subject: Subject) -> list[str]:
    """The text that a model of these weights reads, and where an answer ends."""
    template = subject.template
    question, answer = tr("QUESTION", "QUESTION"), tr("RÉPONSE", "ANSWER")
    shown = template.render(Dialogue(id="", source="", group="", messages=(user(question), assistant(answer))))
    stops = ", ".join(literal(repr(text)) for text in template.stop_texts) or tr("aucun", "none")
    end = subject.note.get("end") or template.end
    ends = tr(f"par le jeton {literal(str(end))}", f"with the token {literal(str(end))}") if end else tr("par le jeton de fin du tokenizer", "with the end token of the tokenizer")  # fmt: skip
    better = tr(" ; sans lui, les réponses sont bien moins bonnes", "; without it, answers are much worse")
    learnt = "" if is_mini(subject) else better
    return [
        tr(f"Gabarit {code(template.name)}{learnt} :", f"Template {code(template.name)}{learnt}:"),
        "",
        "```",
        *"".join(segment.text for segment in shown).split("\n"),
        "```",
        "",
        tr(f"Une réponse finit {ends}. Textes d'arrêt, si le modèle les écrit à la place : {stops}.",
           f"An answer ends {ends}. Stop texts, if the model writes them instead: {stops}."),
    ]  # fmt: skip


def _adapter(subject: Subject) -> list[str]:
    base = inline(subject.base)
    return [
        tr(f"Ce dépôt ne tient que l'adaptateur ; il faut le modèle de départ ({base}), que Causette trouve par son nom.",
           f"This repository holds the adapter alone; it needs the base model ({base}), which Causette finds by its name."),
        "",
        "```",
        f"causette pull {subject.repo} --out runs/{subject.name}",
        f"causette chat runs/{subject.name}",
        f"causette merge runs/{subject.name} --out runs/{subject.name}-entier",
        "```",
    ]  # fmt: skip


def _to_fine_tune(subject: Subject) -> list[str]:
    """A base that does not talk yet: what to train, then the text that it continues."""
    asks = tr("Pour l'affiner sur un jeu préparé (`causette prepare`), puis dialoguer :", "To fine-tune it on a prepared set (`causette prepare`), then to talk:")  # fmt: skip
    train = f"causette train --model hf://{subject.repo} --data data/faq --out runs/faq"
    goes_on = tr("Tel quel, il continue un texte :", "As it is, it continues a text:")
    lines = [asks, "", "```", train, "causette chat runs/faq", "```", "", goes_on, "", *_keras(subject)]
    return [*lines, "", *_transformers(subject)] if subject.transformers else lines


def _keras(subject: Subject) -> list[str]:
    prompt = "".join(segment.text for segment in subject.template.prompt([user(_question(subject))]))
    return [
        "```python",
        "import keras_hub",
        "",
        f'model = keras_hub.models.CausalLM.from_preset("hf://{subject.repo}", dtype="float32")',
        f"prompt = {prompt!r}",
        "print(model.generate(prompt, max_length=200))",
        "```",
    ]


def _transformers(subject: Subject) -> list[str]:
    return [
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        f'where = dict(pretrained_model_name_or_path="{subject.repo}", subfolder="transformers")',
        "tokenizer, model = AutoTokenizer.from_pretrained(**where), AutoModelForCausalLM.from_pretrained(**where)",
        f'turns = [{{"role": "user", "content": {_question(subject)!r}}}]',
        'asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, return_tensors="pt")',
        "print(tokenizer.decode(model.generate(**asked, max_new_tokens=96)[0]))",
        "```",
    ]


def _question(subject: Subject) -> str:
    languages = [language for manifest in subject.manifests for language in languages_in(manifest)]
    return QUESTIONS["en" if languages[:1] == ["en"] else "fr"]
