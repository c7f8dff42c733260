"""Fine-tuning from the page, without the page: files examined or refused, one training at a time, its ends, whose it is."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from app.exhibits.findings import finding_told
from app.page.limits import Allowance
from app.page.tuning_drawing import diagnosis_html, example_csv, progress_html, result_html, safe
from app.page.tuning_form import EVERY, TuningForm, settings_of
from app.page.tuning_jobs import Fault, Result, Settings, Warned
from app.tuning.bases import bases_for
from app.tuning.diagnosis import examine
from app.tuning.ended import Ended
from app.tuning.job import TuningJobs
from app.tuning.limits import Limits
from app.tuning.record import Record
from chatbot.errors import BusyError, InputError
from chatbot.files import write_json
from chatbot.language import set_language, speaking
from tests.app.tuned import BROKEN, GOOD, LONG, SHORT, jobs_in, over, sent
from tests.gate import until

OTHER = "un-autre-lecteur-de-la-page"


@pytest.fixture
def jobs(tmp_path):
    with jobs_in(tmp_path / "page", tmp_path / "no-preset") as jobs:
        yield jobs


def files_of(jobs: TuningJobs) -> list[str]:
    return sorted(path.name for path in jobs.root.rglob("*") if path.is_file() and path.name != "lock")


def test_a_broken_file_is_diagnosed_first(jobs, tmp_path):
    person = jobs.take(None, path := sent(tmp_path, BROKEN, "Ma FAQ.csv"), "C:\\Dossiers\\Ma FAQ.csv")
    found = jobs.view(person).diagnosed
    assert (found.file, found.read, found.readable, found.kept, found.enough) == ("Ma FAQ.csv", 27, 26, 25, True)
    assert [(fault.words.split()[0], fault.count) for fault in (*found.repairs, *found.rejects, *found.not_kept)] == [
        ("caractères", 1), ("nombre", 1), ("réponse", 1)]  # fmt: skip
    assert "− Où est l'Ã©cole ?\n+ Où est l'école ?" in found.repairs[0].example
    assert found.chosen == ("question", "réponse") and len(found.samples) == 3
    assert dict(found.facts)["Séparateur"] == "«\u00a0;\u00a0»"
    assert not path.exists() and not path.parent.exists()
    with speaking("en"):
        assert dict(jobs.view(person).diagnosed.facts)["Encoding"] == "utf-8"


def test_columns_that_nothing_tells_are_chosen(jobs, tmp_path):
    rows = "".join(f"{n},le mot numéro {n},un mot de plus {n}\n" for n in range(10))
    person = jobs.take(None, sent(tmp_path, "id,gauche,droite\n" + rows), "mots.csv")
    found = jobs.view(person).diagnosed
    assert found.chosen is None and found.kept == 0 and not found.enough and "choisissez-les" in found.columns
    with pytest.raises(InputError, match="Pas assez de dialogues"):
        jobs.start(person, SHORT)
    for pair in (("gauche", "gauche"), ("gauche", "absente")):
        with pytest.raises(InputError, match="deux colonnes"):
            jobs.choose(person, *pair)
    jobs.choose(person, "droite", "gauche")
    found = jobs.view(person).diagnosed
    assert (
        found.chosen == ("droite", "gauche") and found.kept == 10 and found.samples[0][0].startswith("un mot de plus")
    )


def test_columns_without_names_are_chosen_by_number(jobs, tmp_path):
    person = jobs.take(None, sent(tmp_path, "un,deux,3\n" * 9), "mots.csv")
    header = jobs.view(person).diagnosed.header
    assert [value for _, value in header] == ["1", "2", "3"] and header[0][0] == "colonne 1"
    jobs.choose(person, "1", "2")
    assert jobs.view(person).diagnosed.chosen == ("1", "2")


def test_json_lines_are_taken(jobs, tmp_path):
    lines = [json.dumps({"question": f"Où est le colis {n} ?", "réponse": f"Au dépôt {n}."}) for n in range(9)]
    person = jobs.take(None, sent(tmp_path, "\n".join([*lines, "{}"])), "faq.jsonl")
    found = jobs.view(person).diagnosed
    assert (found.read, found.kept, [fault.count for fault in found.not_kept], list(found.header)) == (10, 9, [1], [])


BAD = {
    "empty": ("faq.csv", b"", "le fichier est vide"),
    "header only": ("faq.csv", b"question,answer\n", "Aucune ligne"),
    "picture": ("faq.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "binaire"),
    "archive": ("faq.csv", b"PK\x03\x04" + b"\0" * 40, "archive ou un classeur"),
    "bomb": ("faq.csv", b"\x1f\x8b" + b"\0" * 40, "archive"),
    "workbook": ("faq.xlsx", b"PK\x03\x04", "classeur Excel"),
    "program": ("faq.exe", b"MZ", r"\.csv, \.tsv, \.json ou \.jsonl"),
    "no ending": ("faq", b"question,answer\na,b\n", r"\.csv, \.tsv"),
    "html": ("faq.csv", b"<!DOCTYPE html><html>", "page HTML"),
    "too large": ("faq.csv", b"question,answer\n" + b"a,b\n" * 6000, "0,0 Mo, 0,0 au plus|Mo"),
    "too many": ("faq.csv", b"a,b\n" * 60, "Plus de 50 lignes"),
    "too many objects": ("faq.jsonl", b'{"question": "a", "answer": "b"}\n' * 60, "Plus de 50 lignes"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused_leaves_nothing(case, tmp_path):
    name, content, words = BAD[case]
    with jobs_in(tmp_path / "page", "none", most_rows=50, most_bytes=20_000) as jobs:
        path = sent(tmp_path, content, name)
        with pytest.raises(InputError, match=words) as caught:
            jobs.take(None, path, name)
        assert str(tmp_path) not in str(caught.value) and "fichier.csv" not in str(caught.value)
        assert not path.exists() and files_of(jobs) == [] and jobs.view(OTHER).state == "empty"


def test_one_file_for_each_reader_and_the_one_left_alone_goes(tmp_path):
    with jobs_in(tmp_path / "page", "none", files=2) as jobs:
        people = [jobs.take(None, sent(tmp_path), "faq.csv") for _ in range(3)]
        assert [jobs.view(person).state for person in people] == ["empty", "examined", "examined"]
        jobs.take(people[1], sent(tmp_path, GOOD, "autre.csv"), "autre.csv")
        assert jobs.view(people[1]).diagnosed.file == "autre.csv" and files_of(jobs) == ["fichier.csv"] * 2
        jobs.forget(people[1])
        assert files_of(jobs) == ["fichier.csv"] and jobs.view(people[2]).state == "examined"
    assert files_of(jobs) == []


def test_a_forged_name_is_not_taken(jobs, tmp_path):
    for forged in ("", "court", "../../etc", 7, "x" * 100):
        person = jobs.take(forged, sent(tmp_path), "faq.csv")
        assert person != forged and jobs.view(forged).diagnosed is None
    assert jobs.take(OTHER, sent(tmp_path), "faq.csv") == OTHER
    folders = list((jobs.root / ".jobs").rglob("*"))
    assert (jobs.root / ".jobs").stat().st_mode & 0o077 == 0
    assert not any(OTHER in path.read_text(errors="replace") for path in folders if path.is_file())


@pytest.mark.parametrize(
    "settings",
    [("tiny", "full", 0), ("tiny", "full", 11), ("autre", "full", 3), ("tiny", "qlora-int4", 3), ("tiny", "full", 2.5),
     ("tiny", "full", None), ("tiny", "full", float("nan")), ("--out", "full", 3)],
)  # fmt: skip
def test_settings_that_are_no_choice(jobs, tmp_path, settings):
    person = jobs.take(None, sent(tmp_path), "faq.csv")
    with pytest.raises(InputError, match="pas au choix"):
        jobs.start(person, settings_of(*settings))
    assert jobs.view(person).progress is None


def test_others_wait_and_only_the_owner_cancels(jobs, tmp_path):
    me, other = jobs.take(None, sent(tmp_path), "secret.csv"), jobs.take(OTHER, sent(tmp_path), "faq.csv")
    jobs.start(me, LONG)
    training = jobs._training
    assert jobs.view(me).state == "running" and jobs.view(other).state == "examined"
    assert jobs.view(other).progress is not None and "secret" not in repr(jobs.view(other))
    with pytest.raises(BusyError, match="déjà en cours"):
        jobs.start(other, SHORT)
    with pytest.raises(InputError, match="Aucun entraînement de vous"):
        jobs.cancel(other)
    with pytest.raises(BusyError, match="annulez-le"):
        jobs.take(me, sent(tmp_path), "faq.csv")
    until(lambda: jobs.view(me).progress.share > 0, "the preparation")
    jobs.cancel(me)
    assert training.status is not None and jobs.view(other).progress is None
    view = jobs.view(me)
    assert view.state == "examined" and "annulé" in view.notice and "votre fichier est toujours là" in view.notice
    assert sorted(path.name for path in jobs.root.iterdir()) == [".jobs"]


def test_a_training_that_is_killed_is_told_in_words(jobs, tmp_path):
    person = jobs.take(None, sent(tmp_path), "faq.csv")
    jobs.start(person, LONG)
    until(lambda: jobs.view(person).progress.share > 0, "the preparation")
    os.kill(jobs._training.pid, signal.SIGKILL)
    view = over(jobs, person)
    assert "signal SIGKILL" in view.notice and "mémoire" in view.notice and "Traceback" not in view.notice
    with speaking("en"):
        assert "The system stopped the training" in jobs.view(person).notice


def test_a_training_that_takes_too_long_is_stopped(tmp_path):
    with jobs_in(tmp_path / "page", "none", seconds=0.3) as jobs:
        person = jobs.take(None, sent(tmp_path), "faq.csv")
        jobs.start(person, LONG)
        assert "la limite de" in over(jobs, person).notice


def test_what_the_preparation_refuses_is_told_by_the_readers_name(jobs, tmp_path):
    rows = "".join(f"même thème;Question numéro {n} ?;Réponse {n}.\n" for n in range(12))
    person = jobs.take(None, sent(tmp_path, "theme;question;réponse\n" + rows), "faq.csv")
    jobs.start(person, SHORT)
    notice = over(jobs, person).notice
    assert "Groupes" in notice and str(tmp_path) not in notice and "fichier.csv" not in notice
    assert sorted(path.name for path in jobs.root.iterdir()) == [".jobs"]


def test_the_end_of_memory_has_a_cure_on_the_page():
    assert "adaptateur (LoRA)" in Ended(kind="memory", text="--set fit.rows=1").in_words(Limits())


def test_the_server_that_is_killed_takes_its_training_along(tmp_path):
    from app.tuning.process import Training
    from app.tuning.worker import Request

    ended = threading.Event()
    request = Request(
        file=str(sent(tmp_path)), columns=None, dialogues=24, data=str(tmp_path / "data"), out=str(tmp_path / "run"),
        recipe="petit", changes=(), model="mini", method="full", epochs=10, language="fr",
    )  # fmt: skip
    training = Training(tmp_path, request, seconds=60, on_event=lambda event: None, on_end=lambda end: ended.set())
    until(lambda: training.last, "the first event")
    training._process.stdin.close()  # as the system does it for a process that dies
    assert ended.wait(20) and training.status == 1 and not (tmp_path / "run").exists()
    assert "causette" not in " ".join(training._process.args) and "faq" not in " ".join(training._process.args)


def a_run(root: Path, name: str, owner: str) -> None:
    """What a finished training leaves, without its weights."""
    (root / ".jobs" / name).mkdir(parents=True)
    (root / name).mkdir()
    (root / f"{name}-jeu").mkdir()
    Record(name=name, owner=owner, file="faq.csv", base="mini", method="full", epochs=3, seconds=1.0).write(
        root / ".jobs" / name
    )


def test_models_outlive_the_server_and_what_is_unfinished_goes(tmp_path):
    root = tmp_path / "page"
    for number in (1, 2, 3):
        a_run(root, f"essai-{number}", "a" * 64)
    for leftover in (".jobs/file-1", ".essai-9.training", "essai-9-jeu", "autre"):
        (root / leftover).mkdir()
    write_json(root / ".jobs/file-1/request.json", {"out": str(root / "essai-9")})
    gone = []
    jobs = TuningJobs(root, limits=Limits(kept=2), on_gone=lambda name, folder: gone.append((name, folder)))
    assert sorted(path.name for path in root.iterdir()) == [
        ".jobs", "autre", "essai-1", "essai-1-jeu", "essai-2", "essai-2-jeu", "essai-3", "essai-3-jeu"]  # fmt: skip
    with pytest.raises(InputError, match="un autre serveur"):
        TuningJobs(root)
    a_run(root, "essai-4", "a" * 64)
    jobs._shelf.keep(jobs._shelf._records[0].__class__(**{**vars(jobs._shelf._records[0]), "name": "essai-4"}))
    assert gone == [("essai-1", root / "essai-1"), ("essai-2", root / "essai-2")]
    assert (root / "autre").is_dir() and not (root / "essai-1").exists() and (root / "essai-4").is_dir()
    with pytest.raises(InputError, match="pas à vous"):
        jobs.delete(OTHER, "essai-3")
    jobs.close()
    TuningJobs(root).close()


def test_the_bases_of_a_page(tmp_path):
    assert [base.name for base in bases_for(None)] == ["mini"] == [base.name for base in bases_for("mini")]
    mini, other = bases_for("gpt2_base_en")
    assert (other.model, other.recipe("lora"), other.changes("lora")) == ("gpt2_base_en", "gpt2_lora", ())
    assert mini.recipe("lora") == "petit" and "lora.targets=[all]" in mini.changes("lora") and not mini.changes("full")


def test_what_is_drawn_is_text(tmp_path):
    found = examine(sent(tmp_path, GOOD.replace("Le colis 1 ", "<img src=x onerror=alert(1)> ${x} {{y}} ")), Limits())
    from app.tuning.diagnosis import in_words

    drawn = diagnosis_html(in_words(found, "<b>.csv", Limits()))
    assert "<img" not in drawn and "<b>.csv" not in drawn and "${" not in drawn and "{{" not in drawn
    assert "&lt;img" in drawn and safe("x" * 5000).endswith("…")
    fault = Fault(words="w", count=1, example="<script>")
    assert "<script" not in diagnosis_html(_with(found, fault))


def _with(examined, fault):
    from dataclasses import replace

    from app.tuning.diagnosis import in_words

    return replace(in_words(examined, "faq.csv", Limits()), repairs=[fault])


def test_the_example_is_a_file_that_the_form_takes(jobs, tmp_path):
    for language in ("fr", "en"):
        set_language(language)
        person = jobs.take(None, sent(tmp_path, example_csv()), "exemple.csv")
        found = jobs.view(person).diagnosed
        assert found.read == found.kept == len(example_csv().splitlines()) - 1 and not found.rejects
        assert found.enough  # or nobody could try the form with it


def test_a_file_of_no_use_says_why_it_cannot_be_trained_on(jobs, tmp_path):
    form = TuningForm(jobs)
    person = jobs.take(None, sent(tmp_path, "id,gauche,droite\n" + "1,un mot,un autre\n" * 9), "mots.csv")
    *_, start, why = form.open(person, True)
    assert start["interactive"] is False
    assert "0 dialogue, il en faut au moins 8" in why["value"] and "d'autres colonnes" in why["value"]
    jobs.take(person, sent(tmp_path), "faq.csv")
    *_, start, why = form.open(person, True)
    assert start["interactive"] is True and why["value"] == ""


def test_the_card_of_a_model_names_all_dialogues_and_its_findings_without_options():
    result = Result(
        name="essai-1", folder=Path("x"), file="faq.csv", settings="mini", losses=[], seconds=3.0, train=16, validation=4,
        others=4, verdict="Les poids entraînés ont bougé de 52,40 %.", samples=[], commands=[],
        warnings=[Warned(*finding_told({"key": "divergence", "step": 9, "text": "", "values": {
            "now": 9.0, "before": 1.0, "steps": 5, "rate": 0.001, "better_rate": 0.0001, "method": "full"}}, cure=True))],
    )  # fmt: skip
    card = result_html(result)
    assert "Sur 24 dialogues" in card and "16 appris, 4 pour vérifier en chemin, 4 mis de côté" in card
    assert "Prenez l&#x27;adaptateur LoRA." in card and "--set" not in card and "en part de leur taille" in card
    with speaking("en"):
        assert "Of 24 dialogues: 16 learnt" in result_html(result)


def test_the_form_asks_a_small_part_of_what_a_reader_may():
    assert Allowance().rate / 4 >= 60 / EVERY


def test_a_progress_bar_says_its_value():
    from app.tuning.advance import Advance

    advance = Advance(epochs=4)
    for event in ({"event": "plan", "steps": 10}, {"event": "validation", "loss": 3.0},
                  {"event": "step", "step": 1, "loss": 4.0}, {"event": "step", "step": 6, "loss": 2.0}):  # fmt: skip
        advance.take(event)
    drawn = progress_html(advance.in_words(), mine=True)
    assert 'role="progressbar"' in drawn and 'aria-valuenow="61"' in drawn and "époque 2,4 / 4" in drawn
    assert "perte 2,00" in drawn and "validation 3,00" in drawn and "encore" in drawn
    assert Settings(base="mini", method="full", epochs=1) == settings_of("mini", "full", 1.0)
