"""What the clinic foresees is what `prepare` does: the same rows rejected, for the same reasons."""

import pytest

from datasets_prep.clinic import examine, repair
from datasets_prep.spec import Given

ROWS = [(f"Où trouver l'objet numéro {n} ?", f"Au dépôt, rayon {n * 7}.") for n in range(12)]
ODD = [("Sans réponse ?", ""), ("", "Sans question."), ("Où ?", "…"), ("Q", "Trop courte."), ("Redite ?", "redite"),
       ("Longue ?", "mot " * 8_000), ("Lettre ?", "A"), ("Vide ?", " \u00a0 ")]  # fmt: skip


def table(rows, header="question;réponse") -> str:
    return "\n".join([header, *(";".join(row) for row in rows), ""])


def test_prepare_keeps_what_the_diagnosis_foresees(write, prepared):
    path = write("faq.csv", table([*ROWS, *ODD, ("une", "cellule", "de trop")]))
    diagnosis = examine(path, Given())
    counts = prepared(path).manifest["counts"]
    assert (diagnosis.rows, diagnosis.written, diagnosis.dialogues) == (21, 20, 20)
    assert diagnosis.dialogues - diagnosis.not_kept.total() == counts["kept"] == 13
    assert diagnosis.reasons + diagnosis.not_kept == counts["by_reason"]
    row, line = diagnosis.first_not_kept["empty_answer"]
    assert (row.question, line) == ("Sans réponse ?", 14)


def test_rows_that_prepare_rejects_stay_in_the_repaired_table(write):
    path = write("faq.csv", table([*ROWS, *ODD]))
    before, files = repair(path, Given(), out=path.with_name("propre.csv"))
    after = examine(files.table, Given())
    assert (after.rows, after.not_kept) == (20, before.not_kept)


def test_each_language_is_a_dialogue(write):
    rows = [(*pair, "Where?", "There.") for pair in ROWS]
    path = write("faq.csv", table([*rows, ("Et ?", "", "And?", "Then.")], "q_fr;a_fr;q_en;a_en"))
    diagnosis = examine(path, Given())
    assert (diagnosis.rows, diagnosis.dialogues, diagnosis.not_kept) == (13, 26, {"empty_answer": 1})


@pytest.mark.parametrize("given", [Given(), Given(columns=("1", "2"))])
def test_nothing_is_foreseen_before_the_columns_are_known(write, given):
    path = write("faq.csv", "aa;bb;cc\nun;deux;trois\nquatre;;six\n")
    diagnosis = examine(path, given)
    assert diagnosis.dialogues == (3 if given.columns else 0)
    assert diagnosis.to_json()["prepare"]["rejected"] == ({"empty_answer": 1} if given.columns else {})
