"""The whole story of Causette in one readable file, read top to bottom: what `causette demo` runs.

Nothing is downloaded: the data set, the base model and the recipe ship with the project.
"""

import shutil
import time
from pathlib import Path

from app.measuring import compare_run
from app.output import Output
from app.progress import TrainingBar
from chatbot.generation import Sampling
from chatbot.language import number, tr
from datasets_prep.prepare import PrepareConfig, prepare
from training.config import load_config
from training.fit import train

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
    """
    began = time.perf_counter()
    clear_earlier(out)

    chapter(output, 1, tr("Les données : la boutique « La Malle à Livres »", "The data: the shop “La Malle à Livres”"))
    output.say(tr("13 questions de clients sur leurs commandes, chacune formulée de 22 façons. Des formulations sont mises de côté "
                  "(retient-il ?), et des questions entières (généralise-t-il ?).",
                  "13 questions of customers about their orders, each worded in 22 ways. Some wordings are set aside (does it "
                  "recall?), and some whole questions (does it generalise?)."))  # fmt: skip
    data = prepare(PrepareConfig(sources=(DATA,), out=out / "data"), say=output.say)

    chapter(output, 2, tr("L'entraînement : le petit modèle de base apprend ces réponses",
                          "The training: the small base model learns these answers"))  # fmt: skip
    config = load_config(RECIPE, {"data": data, "out": out / "run", "model": MODEL})
    with TrainingBar(output) as watcher:
        train(config, watcher=watcher)

    chapter(output, 3, tr("La comparaison : générique contre spécialisé, mêmes questions, même décodage",
                          "The comparison: generic against specialised, same questions, same decoding"))  # fmt: skip
    value, *shown = compare_run(out / "run", None, None, QUESTIONS, SAMPLING, 1, out, output)
    output.result(value, *shown)
    show_answers(value, output)
    minutes = (time.perf_counter() - began) / 60
    output.say(tr(f"Fait en {number(minutes, 1)} min.", f"Done in {number(minutes, 1)} min."))

    if serve:
        from app.serving import serve_model

        chapter(output, 4, tr("La page : posez-lui vos questions", "The page: ask your own questions"))
        serve_model(str(out / "run"), host="127.0.0.1", port=port, sampling=SAMPLING, open_browser=False, output=output)
    else:
        output.say(tr(f"Pour lui parler : causette chat {out / 'run'}   ou   causette serve {out / 'run'}",
                      f"To talk to it: causette chat {out / 'run'}   or   causette serve {out / 'run'}"))  # fmt: skip


def chapter(output: Output, place: int, title: str) -> None:
    output.say(f"\n━━ {place}. {title}")


def show_answers(value: dict, output: Output, count: int = 3) -> None:
    """Some answers of both models to learnt questions in unseen words: every n-th by name, not the best ones."""
    recall = next(each for each in value["comparisons"] if each["split"] == "recall")
    generic = {answer["id"]: answer for answer in recall["generic"]["answers"]}
    step = max(1, len(generic) // count)
    for answer in sorted(recall["specialised"]["answers"], key=lambda a: a["id"])[::step][:count]:
        lines = [
            "",
            tr(f"Question   : {answer['question']}", f"Question   : {answer['question']}"),
            tr(
                f"Générique  : {short(generic[answer['id']]['answer'])}",
                f"Generic    : {short(generic[answer['id']]['answer'])}",
            ),
            tr(f"Spécialisé : {short(answer['answer'])}", f"Specialised: {short(answer['answer'])}"),
        ]
        output.result(answer, *lines)


def short(text: str, limit: int = 220) -> str:
    """The text on one line, cut with an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def clear_earlier(out: Path) -> None:
    """Removes what an earlier demonstration left, and nothing else."""
    for name in ("data", "run", ".run.training"):
        shutil.rmtree(out / name, ignore_errors=True)
