"""What the tests of the deliverables share: a work folder in which everything was really made, once for all of them."""

import contextlib
import shutil
from pathlib import Path

import pytest

from chatbot.language import set_language

SUBJECTS = {
    "la livraison": "Elle arrive en {n} jours.",
    "le retour": "Vous avez {n} jours.",
    "la facture": "Elle est dans votre compte, numéro {n}.",
}


@pytest.fixture(autouse=True)
def french_again():
    yield
    set_language("fr")


@pytest.fixture(scope="session")
def work(tiny_preset, tmp_path_factory) -> Path:
    """A work folder: `faq.csv`, the set `data/faq` with its atlas, the run `runs/faq` and its comparison.

    All of it by the real commands, on the tiny model. Tests that change something take a copy: `shutil.copytree`.
    """
    folder = tmp_path_factory.mktemp("work")
    shutil.copytree(tiny_preset, folder / "tiny")
    with contextlib.chdir(folder):
        _prepared(folder)
        _trained()
        _run("compare", "runs/faq", "--split", "test", "--questions", "4", "--max-tokens", "6", "--seed", "2")
    return folder


@pytest.fixture(scope="session")
def handed(work, tmp_path_factory) -> Path:
    """A copy of the work folder with its deliverables built in `rendus/`. Tests that change something take a copy."""
    from tests.livrables.handed import hand_in

    folder = tmp_path_factory.mktemp("handed") / "travail"
    hand_in(work, folder)
    return folder


def _prepared(folder: Path) -> None:
    rows = [
        f"Question {n} sur {subject} ?;{answer.format(n=n)}"
        for n in range(1, 21)
        for subject, answer in SUBJECTS.items()
    ]
    rows += ["À qui écrire ?;Écrivez à lea.martin@exemple.fr sans tarder.", "Vide ?;"]
    (folder / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    _run("prepare", "faq.csv", "--out", "data/faq", "--shares", "0.8,0.1,0.1", "--licence", "cc-by-4.0",
         "--attribution", "La boutique")  # fmt: skip
    _run("inspect", "data/faq", "--model", "tiny")


def _trained() -> None:
    fit = {"max_steps": 12, "rows": 4, "row_length": 64, "learning_rate": 0.01, "compile": False, "precision": "float32",
           "evaluate_every": 4, "samples": 1, "patience": 9}  # fmt: skip
    settings = [part for name, value in fit.items() for part in ("--set", f"fit.{name}={value}")]
    _run("train", "--model", "tiny", "--data", "data/faq", "--out", "runs/faq", *settings)


def _run(*arguments: str) -> None:
    from app.main import main

    assert main(list(arguments)) == 0
