"""The whole story of Causette in one readable file, read top to bottom: what `causette demo` runs.

Nothing is downloaded: the data set, the base model and the recipe ship with the project.
"""

import shutil
import time
from pathlib import Path
from typing import Any

import yaml

from app.disk import check_writable
from app.measuring import Questions, compare_run
from app.output import Output, short
from app.progress import TrainingBar
from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import number, tr
from chatbot.sampling import Sampling
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import MANIFEST, PreparedSet, is_prepared
from training.config import load_config
from training.fit import train
from training.runs import RunFolder, working_folder

DATA = "embedded:boutique_commande"
MODEL = "mini"
RECIPE = "demo"
QUESTIONS = 20
SAMPLING = Sampling(temperature=0.0, max_new_tokens=80)


def run_demo(out: Path, *, serve: bool, port: int, output: Output) -> None:
    """Data → base model → fine-tuning → comparison → page.

    Args:
        out: folder of the demonstration; what an earlier one left there is replaced.
        serve: whether to open the page at the end.
        port: of the page.
        output: where results and progress go.

    Raises:
        InputError: `out` holds what no demonstration wrote, or cannot be written to.
    """
    began = time.perf_counter()
    clear_earlier(out)
    check_writable(out / "comparison.json")

    chapter(output, 1, tr("Les données : la boutique « La Malle à Livres »", "The data: the shop “La Malle à Livres”"))
    data = prepare(PrepareConfig(sources=(DATA,), out=out / "data"), say=output.say)
    output.say(what_is_learnt(PreparedSet.open(data)))

    chapter(output, 2, tr("L'entraînement : le petit modèle de base apprend ces réponses",
                          "The training: the small base model learns these answers"))  # fmt: skip
    config = load_config(RECIPE, {"data": data, "out": out / "run", "model": MODEL})
    with TrainingBar(output) as watcher:
        train(config, watcher=watcher)

    chapter(output, 3, tr("La comparaison : générique contre spécialisé, mêmes questions, même décodage",
                          "The comparison: generic against specialised, same questions, same decoding"))  # fmt: skip
    value, *shown = compare_run(out / "run", (), None, Questions(count=QUESTIONS, sampling=SAMPLING), out, output)
    answers = answers_shown(value)
    output.result({**value, "answers": answers}, *shown, limits(PreparedSet.open(data)), *in_lines(answers))
    minutes = (time.perf_counter() - began) / 60
    output.say(tr(f"Fait en {number(minutes, 1)} min.", f"Done in {number(minutes, 1)} min."))

    if serve:
        from app.reasoning import reasoning_for
        from app.serving import Serving, serve_model

        chapter(output, 4, tr("La page : posez-lui vos questions", "The page: ask your own questions"))
        model = str(out / "run")
        reasoning = reasoning_for(None, model, output)
        serve_model(Serving(model=model, port=port, sampling=SAMPLING, reasoning=reasoning, tuned=out / "page"), output)
    else:
        output.say(tr(f"Pour lui parler : causette chat {out / 'run'}   ou   causette serve {out / 'run'}",
                      f"To talk to it: causette chat {out / 'run'}   or   causette serve {out / 'run'}"))  # fmt: skip


def chapter(output: Output, place: int, title: str) -> None:
    output.say(f"\n━━ {place}. {title}")


def what_is_learnt(data: PreparedSet) -> str:
    """How many questions are learnt, and what is set aside to ask later, counted in the prepared set."""
    learnt, wordings = _counts(data, "train")
    _, others = _counts(data, "recall")
    unseen, _ = _counts(data, "test")
    return tr(
        f"{_counted(learnt, 'Une question apprise', 'questions apprises')} sur les commandes, sous {number(wordings)} "
        f"formulations. De côté : {_counted(others, 'une autre formulation', 'autres formulations')} de ces questions "
        f"(retient-il ?), et {_counted(unseen, 'une question jamais montrée', 'questions jamais montrées')}.",
        f"{_counted(learnt, 'One question', 'questions')} about orders to learn, in {number(wordings)} wordings. Set aside: "
        f"{_counted(others, 'one other wording', 'other wordings')} of them (does it recall?), and "
        f"{_counted(unseen, 'one question', 'questions')} never shown.",
    )


def limits(data: PreparedSet) -> str:
    """What the last table can and cannot show, to be read beside it."""
    unseen, wordings = _counts(data, "test")
    return tr(
        f"Les questions jamais vues sont {number(wordings)} façons de poser "
        f"{_counted(unseen, 'une seule question', 'questions')} : un fait jamais appris ne se devine pas, seul le ton peut "
        "passer.",
        f"The unseen questions are {number(wordings)} ways to ask {_counted(unseen, 'one question', 'questions')}: a "
        "fact never learnt cannot be guessed, only the tone can carry over.",
    )


def answers_shown(compared: dict[str, Any], count: int = 3) -> list[dict[str, str]]:
    """Some answers of both models to learnt questions in unseen words: every n-th by name, not the best ones."""
    recall = next(each for each in compared["comparisons"] if each["split"] == "recall")
    answers = {side["model"]: {answer["id"]: answer for answer in side["answers"]} for side in recall["evaluations"]}
    generic, specialised = answers[compared["reference"]], sorted(answers[compared["main"]].items())
    return [
        {
            "id": name,
            "question": answer["question"],
            "generic": generic[name]["answer"],
            "specialised": answer["answer"],
        }
        for name, answer in specialised[:: max(1, len(specialised) // count)][:count]
    ]


def in_lines(answers: list[dict[str, str]]) -> list[str]:
    """The answers as lines."""
    return [
        line
        for answer in answers
        for line in (
            "",
            tr(f"Question   : {answer['question']}", f"Question   : {answer['question']}"),
            tr(f"Générique  : {short(answer['generic'])}", f"Generic    : {short(answer['generic'])}"),
            tr(f"Spécialisé : {short(answer['specialised'])}", f"Specialised: {short(answer['specialised'])}"),
        )
    ]


def clear_earlier(out: Path) -> None:
    """Removes what an earlier demonstration left, finished or not, and nothing else.

    Raises:
        InputError: something else bears one of its names; nothing is removed then.
    """
    data, run = out / "data", out / "run"
    folders = [folder for folder in (data, run, working_folder(run)) if folder.exists()]
    for folder in folders:
        ours = _is_our_data(folder) if folder == data else _is_our_run(folder, data)
        if not ours:
            raise InputError(
                tr(f"{folder} : n'est pas une démonstration, rien n'est effacé. Choisissez un autre --out.",
                   f"{folder}: not a demonstration, nothing is deleted. Choose another --out.")
            )  # fmt: skip
    for folder in folders:
        shutil.rmtree(folder)


def _is_our_data(folder: Path) -> bool:
    """Whether it is a prepared set of the demonstration's source alone."""
    if not is_prepared(folder):
        return False
    sources = read_json(folder / MANIFEST).get("sources", [])
    return [f"{source.get('set')}:{source.get('part')}" for source in sources] == [DATA]


def _is_our_run(folder: Path, data: Path) -> bool:
    """Whether it is a run on the demonstration's data, finished or not; one that had not begun is empty."""
    if folder.is_dir() and not any(folder.iterdir()):
        return True
    try:
        config = RunFolder(folder).config
    except (OSError, ValueError, yaml.YAMLError, InputError):
        return False
    return config.model == MODEL and config.data.resolve() == data.resolve()


def _counts(data: PreparedSet, split: str) -> tuple[int, int]:
    """Questions of a split, and their wordings."""
    dialogues = list(data.split(split))
    return len({dialogue.group for dialogue in dialogues}), len(dialogues)


def _counted(count: int, one: str, many: str) -> str:
    return one if count == 1 else f"{number(count)} {many}"
