"""A small run with its prepared set, all of it real but for the training: what a training leaves on disk is written here."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from app.main import main
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from training.config import load_config, save_config
from training.evaluation.asked import Asked, Training
from training.evaluation.baselines import evaluate_baseline
from training.evaluation.compare import compare
from training.evaluation.comparison_file import Compared, write_compared
from training.evaluation.records import EvaluationSettings
from training.evaluation.report_facts import facts_of
from training.runs import HistoryRow, write_history

NASTY = "<script>document.title = 'taken'</script><img src='http://127.0.0.1:9/x.png' onerror='document.title = 1'> ${7*7} {{7*7}}"
SECRET = "lea.martin@exemple.fr"


def prepared(folder: Path) -> Path:
    """A set of sixty dialogues in three splits; one is full of markup, one held an address, one is rejected for its size."""
    rows = [f"Où est la commande numéro {n} ?;Elle est partie le {n} par le train de {n} heures." for n in range(57)]
    rows += [
        f"{NASTY} ?;Voici : {NASTY}",
        f"À qui écrire ?;Écrivez à {SECRET} sans tarder.",
        "Un long texte ?;" + "mot " * 300,
    ]
    rows += [f"Trop court {SECRET} ?;"]
    (folder / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert (
        main(["prepare", str(folder / "faq.csv"), "--out", str(folder / "data" / "faq"), "--shares", "0.8,0.1,0.1"])
        == 0
    )
    return folder / "data" / "faq"


def trained(folder: Path, preset: Path, data: Path, name: str = "faq", base: str = "mini") -> Path:
    """The run, said to have begun with `base`."""
    run = folder / "runs" / name
    shutil.copytree(preset, run / "preset")
    config = load_config(None, {"data": data, "out": run, "model": base}, ("fit.epochs=5", "fit.learning_rate=1e-5"))
    save_config(config, run / "config.yaml")
    shutil.copy(data / "manifest.json", run / "data_manifest.json")
    metrics = {
        "validation_loss_before": 6.0, "validation_loss_after": 1.5, "best_step": 20, "steps": 30, "planned_steps": 40,
        "epochs": 5.0, "train_seconds": 75.0, "trained_tokens": 123456, "row_length": 256, "row_filled": 0.91,
        "truncated_dialogues": 1, "weights_moved": 0.2, "precision": "float32", "stopped": "patience",
        "date": "2026-11-22T10:00:00+00:00", "findings": [
            {"key": "truncated", "step": 0, "text": "Un <b>constat</b> écrit naguère. Remède : prenez --set fit.row_length=64."},
            {"key": "no_movement", "step": 2, "text": "…", "values": {
                "moved": None, "rate": 0.001, "better_rate": 0.01, "method": "full"}},
        ],
    }  # fmt: skip
    (run / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    environment = {"python": "3.11", "backend": "tensorflow", "device": "CPU (essai)", "packages": {"keras": "3.0"}}
    (run / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    write_history(run / "history.csv", [
        HistoryRow(step=step, epoch=step / 6, loss=loss, validation_loss=loss + 0.25, learning_rate=1e-5,
                   tokens_per_second=100, seconds=step)
        for step, loss in ((10, 3.0), (20, 1.25), (30, float("nan")))
    ])  # fmt: skip
    samples = [{"step": step, "id": "a", "question": "Où <i>est</i>-elle ?", "expected": "Ici.", "answer": f"À {step}."}
               for step in (0, 10, 20)]  # fmt: skip
    (run / "samples.jsonl").write_text("\n".join(map(json.dumps, samples)), encoding="utf-8")
    return run


def compared(run: Path, data: Path, split: str = "test"):
    """Writes a comparison beside the run's files, whose "models" look answers up; gives its facts back."""
    training = Training(list(PreparedSet.open(data).split("train")))
    settings = EvaluationSettings(split=split, questions=6, sampling=Sampling(max_new_tokens=8, seed=1))
    asked = Asked(list(PreparedSet.open(data).split(split)), settings, training)
    looked_up, copied = (evaluate_baseline(kind, asked) for kind in ("bm25", "copied_question"))
    sides = [replace(copied, model="mini", kind="model", weights="a" * 64),
             replace(looked_up, model=str(run), kind="model", weights="b" * 64), copied]  # fmt: skip
    comparison = compare(sides, str(run), "mini")
    facts = facts_of(comparison, training)
    value = Compared(comparisons=(comparison,), remarks=(), data={}, date="2026-11-22T12:00:00+00:00")
    write_compared(run, value, [facts.to_json()])
    return facts
