"""What of a folder is rarer: searches, sweeps, votes, files that mean harm."""

import json
from pathlib import Path, PurePosixPath

import pytest

from livrables.checks.check import Check, same
from livrables.checks.documents import Page
from livrables.checks.pages import docx_text, whole
from livrables.checks.reading import LeadsOut, inside
from livrables.checks.searches import search_checks, sweep_checks
from livrables.checks.sources import Origins, source_checks
from livrables.fact import Fact, Source
from livrables.follow import follow
from livrables.reading import Reader
from training.config import validated
from training.search_draws import drawn_values, next_trial
from training.search_folder import SearchFolder, SearchSettings
from training.search_space import read_space


def wrong(checks) -> str:
    return "\n".join(check.told() for check in checks if check.state == "broken")


def a_search(work: Path) -> Path:
    config = validated({"data": "data/faq", "out": "unused", "model": "mini"}, "test")
    space = read_space(("fit.learning_rate=1e-6..1e-1:log", "fit.epochs=2..4"), None, config)
    folder = SearchFolder.begin(work / "searches/faq", SearchSettings(recipe=config, space=space), 3, {})
    best: dict = {}
    for cost in (2.0, 1.25, 1.6):
        study = folder.training_study()
        trial = next_trial(study, folder.settings)
        values = drawn_values(trial, folder.settings)
        best = values if cost == 1.25 else best
        study.tell(trial, cost)
    fit = {key.removeprefix("fit."): value for key, value in best.items()}
    (folder.path / "best.yaml").write_text(json.dumps({"fit": fit}), encoding="utf-8")
    (folder.path / "trials.csv").write_text("number\n0\n1\n2\n", encoding="utf-8")
    return folder.path


def test_the_best_of_a_search_is_that_of_its_trials(tmp_path):
    folder = a_search(tmp_path)
    before = (folder / "search.db").read_bytes()
    checks: list[Check] = list(search_checks(folder, tmp_path, "searches/faq"))
    assert wrong(checks) == ""
    assert sum(check.count for check in checks) == 3 + 1 + 2
    assert (folder / "search.db").read_bytes() == before
    recipe = json.loads((folder / "best.yaml").read_text(encoding="utf-8"))
    recipe["fit"]["epochs"] = 9
    (folder / "best.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    assert "réglage du meilleur essai (fit.epochs) : écrit 9" in wrong(search_checks(folder, tmp_path, "searches/faq"))


def test_the_decoding_kept_is_the_best_tried_or_greedy(tmp_path):
    ways = [{"temperature": 0.0}, {"temperature": 0.7}, {"temperature": 1.0}]
    tried = [{"way": way, "value": {"value": value}} for way, value in zip(ways, (0.2, 0.5, 0.3), strict=True)]
    swept = {"tried": tried, "best": ways[1], "chosen": ways[1], "shown": True}

    def told(**other):
        (tmp_path / "sweep.json").write_text(json.dumps(swept | other), encoding="utf-8")
        return wrong(sweep_checks(tmp_path, tmp_path, "."))

    assert told() == ""
    assert told(shown=False, chosen=ways[0]) == ""
    assert "meilleur des décodages essayés" in told(best=ways[2])
    assert "décodage gardé" in told(shown=False)


def a_page(folder: Path, facts: list[Fact]) -> Page:
    noted = {"facts": [fact.to_json() for fact in facts], "places": {}, "language": "fr", "built": "2026-11-20"}
    return Page(file=folder / "a.md", name="a.md", text="", noted=noted)


def test_votes_are_compared_with_the_database(tmp_path):
    from datasets_prep.text_files import sha256_of

    (tmp_path / "feedback.sqlite").write_bytes(b"votes")
    source = Source(path=PurePosixPath("feedback.sqlite"), sha256=sha256_of(tmp_path / "feedback.sqlite"))
    fact = Fact(key="votes.votes", value=12, text="12", source=source, pointer="votes:/overall/votes")
    page, origins = a_page(tmp_path, [fact]), Origins(tmp_path)

    def checked(votes):
        reader = Reader(tmp_path, votes)
        return list(
            source_checks(page, origins, lambda one: follow(one, tmp_path, reader=reader), voted=votes is not None)
        )

    assert wrong(checked({"overall": {"votes": 12}})) == ""
    assert "écrit 12, recalculé 9" in wrong(checked({"overall": {"votes": 9}}))
    [without] = checked(None)
    assert (without.kind, without.state) == ("votes", "unverified")


@pytest.mark.parametrize("name", ["/etc/passwd", "../autre", "a/../../autre", "C:/x", "C:x", "\\\\hote\\x", "a\0b"])
def test_paths_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(LeadsOut):
        inside(tmp_path, name)


def test_a_link_that_leads_out_is_refused(tmp_path):
    (tmp_path / "dedans").mkdir()
    (tmp_path / "dedans" / "lien").symlink_to(tmp_path)
    with pytest.raises(LeadsOut):
        inside(tmp_path / "dedans", "lien/secret")


def test_a_number_is_not_found_within_a_longer_one():
    assert whole("2,61", "perte 2,61 nats")
    assert not whole("2,61", "perte 12,615 nats")
    assert whole("2 604 dialogues", "les 2\n604 dia-\nlogues coupés")


def test_values_are_the_same_but_for_rounding():
    assert same(0.1 + 0.2, 0.3)
    assert not same(0.3, 0.3001)
    assert not same(1, True)
    assert same(float("nan"), float("nan"))
    assert not same(float("nan"), 0.3)


def test_a_forged_docx_is_refused(tmp_path):
    import zipfile

    from chatbot.errors import InputError

    file = tmp_path / "a.docx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>')
    with pytest.raises(InputError):
        docx_text(file)


def test_an_adapter_of_another_version_of_a_known_model_is_no_fault_of_the_team(tmp_path):
    """`mini` of another Causette has other weights: the adapter cannot be put on this one, and nothing is known of it."""
    import numpy as np
    from safetensors.numpy import save_file

    from livrables.checks.comparison import Stored
    from livrables.checks.models import NotHere, load_side
    from training.evaluation.records import Evaluation

    adapter = tmp_path / "runs" / "faq" / "adapter"
    adapter.mkdir(parents=True)
    note = {"method": "lora", "rank": 1, "alpha": 1.0, "targets": ["query"], "base": "mini", "base_fingerprint": "0" * 64,
            "template": "human_assistant"}  # fmt: skip
    (adapter / "adapter.json").write_text(json.dumps(note), encoding="utf-8")
    save_file({"a": np.zeros((1, 1), "float32")}, adapter / "adapter.safetensors")
    side = Evaluation(model="runs/faq", settings={}, answers=(), template="human_assistant")
    stored = Stored(tmp_path / "runs" / "faq", tmp_path)
    value = {"format": 2, "main": "autre", "reference": "mini", "remarks": [], "data": {}, "date": "", "comparisons": [
        {"settings": {"split": "test"}, "left_out": 0, "evaluations": [{"model": "mini", "answers": []}]}],
        "models": [{"name": "mini", "kind": "model"}]}  # fmt: skip
    (tmp_path / "runs" / "faq" / "comparison.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(NotHere, match="mini"):
        load_side(stored, side)
