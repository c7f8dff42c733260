"""The options of `causette serve` that gather votes and opinions."""

from pathlib import Path

import pytest

from app.feedback.serving import feedback_for
from app.feedback.store import NAME
from app.main import main
from chatbot.errors import InputError
from tests.app.votes import MAIN, NEAREST, REFERENCE, written


def run_at(folder: Path) -> Path:
    written(folder)
    (folder / "config.yaml").write_text("data: data/absent\nmodel: mini\n", encoding="utf-8")
    return folder


def test_a_run_has_thumbs_of_its_own_and_what_is_no_run_has_none(tmp_path):
    run = run_at(tmp_path / "faq")
    given = feedback_for(str(run))
    assert given.opinions.store.path == run / NAME and given.test is None and not (run / NAME).exists()
    assert feedback_for("mini").opinions is None and feedback_for(None).opinions is None
    assert feedback_for("mini", file=tmp_path / "a.sqlite").opinions.store.path == tmp_path / "a.sqlite"
    assert feedback_for(str(run), off=True).opinions is None


def test_the_test_is_found_in_the_run_or_where_it_is_said_to_be(tmp_path):
    run = run_at(tmp_path / "faq")
    test = feedback_for(str(run), user_test=True).test
    assert test.study.reference == REFERENCE and test.store.path == run / NAME and test.store.path.exists()
    elsewhere = written(tmp_path / "rapport")
    other = feedback_for("mini", user_test=True, comparison=elsewhere, pair=f"{MAIN}, {NEAREST}").test
    assert other.study.reference == NEAREST and other.store.path == elsewhere / NAME
    in_file = feedback_for("mini", user_test=True, comparison=elsewhere / "comparison.json", file=tmp_path / "b.sqlite")
    assert in_file.test.store.path == tmp_path / "b.sqlite"
    (told, opinions) = feedback_for(str(run), user_test=True).told()
    assert (
        "8 questions (écartées\u00a0: 2 où les deux réponses sont identiques, 0 sans" in told
        and str(run / NAME) in opinions
    )
    asked = [item.question for item in test.study.items]
    assert feedback_for(str(run), user_test=True).without_tested([asked[0], "Autre chose ?"]) == ["Autre chose ?"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"off": True, "user_test": True}, "se contredisent"),
        ({"off": True, "file": Path("a")}, "se contredisent"),
        ({"pair": "a,b"}, "--pair ne sert qu'avec --user-test"),
        ({"comparison": Path("a")}, "--comparison ne sert qu'avec --user-test"),
        ({"user_test": True}, "dites --comparison"),
        ({"user_test": True, "comparison": Path("absent")}, "causette compare absent"),
    ],
)
def test_options_that_cannot_be_followed_are_told(options, said):
    with pytest.raises(InputError, match=said):
        feedback_for("mini", **options)


def test_a_pair_that_is_none_and_a_file_of_another_kind_are_told(tmp_path):
    run = run_at(tmp_path / "faq")
    with pytest.raises(InputError, match="deux noms séparés"):
        feedback_for(str(run), user_test=True, pair=MAIN)
    (run / NAME).write_text("autre chose, assez long pour ne pas être pris pour un fichier vide" * 20, encoding="utf-8")
    with pytest.raises(InputError, match="d'une autre sorte"):
        feedback_for(str(run))


def test_serve_says_what_is_missing_before_a_model_is_loaded(tmp_path, capsys):
    run = run_at(tmp_path / "faq")
    (run / "comparison.json").unlink()
    assert main(["serve", str(run), "--user-test"]) == 2
    told = capsys.readouterr().err
    assert f"causette compare {run}" in told and "chargement" not in told
