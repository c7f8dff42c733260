"""All that a work folder tells: each number as its file has it, with its source; what is missing with its cure."""

import contextlib
import dataclasses
import hashlib
import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatbot.errors import InputError
from chatbot.files import read_json, write_json
from chatbot.language import set_language
from livrables.fact import Fact
from livrables.follow import follow
from livrables.material import Material, material_of, run_of
from livrables.reading import Reader
from livrables.team import Work


def facts_in(value) -> list[Fact]:
    """All facts of a value, however deep."""
    if isinstance(value, Fact):
        return [value]
    if dataclasses.is_dataclass(value):
        return [fact for field in dataclasses.fields(value) for fact in facts_in(getattr(value, field.name))]
    if isinstance(value, dict):
        value = tuple(value.values())
    return [fact for one in value for fact in facts_in(one)] if isinstance(value, tuple | list) else []


def read(folder: Path, work: Work = Work(), *, rendus: Path | None = None, **options) -> Material:  # noqa: B008 - a frozen value
    return material_of(folder, work, rendus=rendus or folder / "rendus", **options)


@pytest.fixture(scope="module")
def material(work, tmp_path_factory) -> Material:
    return read(work, rendus=tmp_path_factory.mktemp("rendus"))


@pytest.fixture
def copy(work, tmp_path) -> Path:
    """A work folder that a test may change."""
    return Path(shutil.copytree(work, tmp_path / "work"))


def run_file(folder: Path, name: str, run: str = "faq") -> Path:
    return folder / "runs" / run / name


def test_a_run_is_told_as_its_files_have_it(work, material):
    metrics, run = read_json(run_file(work, "metrics.json")), material.run
    assert run is material.runs[0] and run.name == "faq" and run.folder == Path("runs/faq")
    before, after = metrics["validation_loss_before"], metrics["validation_loss_after"]
    assert (run.loss_before.value, run.loss_after.value, run.steps.value) == (before, after, 12)
    assert run.gain.value == pytest.approx(100 * (before - after) / before)
    assert run.gain.text == f"{run.gain.value:.1f}\u00a0%".replace(".", ",")
    assert run.perplexity_after.value == pytest.approx(math.exp(after))
    assert run.parameters.value == metrics["parameters"] == run.trained_parameters.value
    assert (run.method.text, run.base.text, run.data.text) == ("tous les poids", "tiny", "faq")
    assert run.stopped.value == "" and run.stopped.text.startswith("non")
    assert dict(run.settings)["Taux d'apprentissage"].text == "0,01"
    assert run.loss_after.source.sha256 == hashlib.sha256(run_file(work, "metrics.json").read_bytes()).hexdigest()
    assert str(run.loss_after.source.path) == "runs/faq/metrics.json"
    assert run.loss_after.source.date == metrics["date"]


def test_findings_and_samples_are_those_of_the_weights_kept(work, material):
    metrics, run = read_json(run_file(work, "metrics.json")), material.run
    assert any("coupée à 64 jetons" in finding for finding in run.findings)
    lines = [json.loads(line) for line in run_file(work, "samples.jsonl").read_text("utf-8").splitlines()]
    kept = next(line for line in lines if line["step"] == metrics["best_step"])
    assert [(one.before, one.after) for one in run.samples] == [(lines[0]["answer"], kept["answer"])]


def test_the_curve_of_the_run_is_drawn_beside_the_deliverables(material):
    from PIL import Image

    curve = material.run.curve
    assert curve.file.parts[-2:] == ("figures", "courbe-faq.png") and Image.open(curve.file).width == 960
    assert str(curve.source.path) == "runs/faq/history.csv" and "faq" in curve.caption


def test_a_last_stretch_of_few_steps_is_not_drawn():
    from livrables.figures import _trained
    from training.runs import HistoryRow

    rest = {"epoch": 1.0, "validation_loss": 2.0, "learning_rate": 0.1, "tokens_per_second": 1.0, "seconds": 1.0}
    rows = [
        HistoryRow(step=step, loss=loss, **rest) for step, loss in ((464, 3.7), (928, 2.8), (1392, 2.3), (1394, 1.3))
    ]
    assert _trained(rows) == [(464, 3.7), (928, 2.8), (1392, 2.3)]


def test_a_set_is_told_with_its_licence_and_its_atlas(work, material):
    manifest, atlas = read_json(work / "data/faq/manifest.json"), read_json(work / "data/faq/atlas.json")
    data = material.data
    assert (data.name, data.folder) == ("faq", Path("data/faq"))
    assert (data.read.value, data.kept.value, data.rejected.value) == (62, 61, 1)
    assert {name: fact.value for name, fact in data.splits.items()} == manifest["counts"]["by_split"]
    assert [(words, fact.value) for words, fact in data.reasons] == [("réponse vide", 1)]
    assert ("adresses électroniques masquées", 1) in [(words, fact.value) for words, fact in data.cleaning]
    [source] = data.sources
    assert source.licence.text.startswith("CC BY 4.0, selon la déclaration")
    assert (source.attribution.text, source.declared) == ("La boutique", True)
    assert source.terms["commercial_use"].text == "oui" and source.terms["share_alike"].text == "non"
    assert (
        data.strictest.text.replace("\u00a0", " ")
        == "Redistribution : oui ; usage commercial : oui ; partage à l'identique : non"
    )
    assert data.lengths[0][1].value == atlas["lengths"]["dialogue"]["median"]
    assert data.lengths[0][1].text.endswith("\u00a0jetons")
    word, count = atlas["words"]["parts"][0]["count"][0]
    assert (data.words[0][0], data.words[0][1].value) == (word, count)
    assert "mots" in data.findings[0]
    assert len(data.clouds) == sum("cloud" in name for name in atlas["figures"])
    assert len(data.clouds) + len(data.figures) == len(atlas["figures"])
    assert data.clouds[0].caption == "Nuage de mots de tout le jeu (taille\u00a0: nombre d'apparitions)"


def test_a_comparison_is_told_with_its_intervals(work, material):
    found = read_json(run_file(work, "comparison.json"))["comparisons"][0]
    comparison = material.comparison
    assert (comparison.measured, comparison.main, comparison.reference) == (True, "runs/faq", "tiny")
    [split] = comparison.splits
    assert (split.split, split.told, split.questions.value, split.sealed) == (
        "test",
        "test (questions jamais vues)",
        4,
        True,
    )
    assert split.sides == ("tiny", "runs/faq", "BM25 (réponse apprise la plus proche)", "Question recopiée")
    f1 = next(one for one in split.measures if one.key == "token_f1")
    gap = next(one for one in found["differences"] if (one["model"], one["other"]) == ("runs/faq", "tiny"))
    values = [side["measures"]["token_f1"]["value"] for side in found["evaluations"]]
    assert [fact.value for fact in f1.values] == values
    assert "[" in f1.values[1].text and f1.difference.value == gap["measures"]["token_f1"]["value"]
    assert f1.name == "F1 des mots" and f1.better == "higher" and f1.verdict
    bits = next(one for one in split.measures if one.key == "bits_per_byte")
    assert bits.values[2].measured and bits.values[2].text == "—"  # BM25 has none, and never will
    kinds = {name: [fact.value for fact in counts] for name, counts in split.failures}
    assert sum(counts[0] for counts in kinds.values()) == 4
    assert len(split.side_by_side) == 4 and len(split.side_by_side[0][2]) == 4
    assert {picture.file.name for picture in split.pictures} >= {"bars-test.png", "failures-test.png"}
    assert "petit échantillon" in split.caution
    assert (
        split.conclusion.startswith("Sur 4 questions jamais vues, le modèle spécialisé")
        and "F1 des mots" in split.conclusion
    )


def test_every_measured_fact_is_found_again_at_its_place(work, material):
    known, reader = facts_in(material), Reader(work)
    measured = [fact for fact in known if fact.measured]
    assert len(measured) > 150
    for fact in measured:
        assert fact.text and fact.source and fact.pointer, fact
        assert follow(fact, work, reader=reader) == fact.value, fact
        assert Fact.from_json(json.loads(json.dumps(fact.to_json()))) == fact
    assert all(fact.cure.startswith("causette ") for fact in known if not fact.measured)


def test_one_key_is_one_fact(material):
    by_key: dict[str, set[Fact]] = {}
    for fact in facts_in(material):
        by_key.setdefault(fact.key, set()).add(fact)
    assert not [key for key, facts in by_key.items() if len(facts) > 1]


def test_numbers_and_names_are_those_of_the_language(work, tmp_path):
    set_language("en")
    material = read(work, rendus=tmp_path)
    french = "".join(fact.text for fact in facts_in(material.run)) + "".join(name for name, _ in material.run.settings)
    assert material.run.method.text == "all weights" and material.run.gain.text.endswith("%")
    assert "\u00a0%" not in french and "pas" not in french.split()
    assert material.comparison.splits[0].measures[0].name == "Bits per byte of response"


def test_follow_sees_a_changed_and_a_lost_value(copy):
    loss = read(copy).run.loss_after
    metrics = read_json(run_file(copy, "metrics.json"))
    write_json(run_file(copy, "metrics.json"), metrics | {"validation_loss_after": 0.5})
    assert follow(loss, copy) == 0.5 != loss.value
    write_json(run_file(copy, "metrics.json"), {key: value for key, value in metrics.items() if "after" not in key})
    with pytest.raises(InputError, match=r"rien à lire dans runs/faq/metrics\.json"):
        follow(loss, copy)
    run_file(copy, "metrics.json").unlink()
    with pytest.raises(InputError, match="n'existe plus"):
        follow(loss, copy)
    with pytest.raises(InputError, match="aucun fichier d'origine"):
        follow(Fact(key="x", value=None), copy)


def test_an_empty_folder_is_all_not_measured(tmp_path):
    material = read(tmp_path)
    assert not material.run.measured and not material.data.measured and not material.comparison.measured
    assert (material.runs, material.sets, material.comparison.splits, material.remarks) == ((), (), (), ())
    known = facts_in(material)
    assert known and not any(fact.measured for fact in known)
    assert material.run.loss_after.cure == "causette train --model mini --data data/NOM --out runs/NOM"
    assert material.comparison.date.cure == "causette compare runs/NOM"
    assert material.data.read.cure == "causette prepare FICHIER --out data/NOM"
    assert material.votes.preference.cure == "causette serve runs/NOM --user-test"
    assert [fact.cure for fact in material.optimisation.undone] == [
        "causette search --data data/NOM --out searches/NOM",
        "causette sweep runs/NOM",
    ]
    assert not (tmp_path / "rendus").exists()


def test_what_was_not_done_has_the_command_with_its_name(copy):
    for name in ("atlas.json", "atlas.html"):
        (copy / "data/faq" / name).unlink()
    run_file(copy, "comparison.json").unlink()
    material = read(copy)
    assert material.data.lengths[0][1].cure == "causette inspect data/faq" and not material.data.clouds
    assert material.comparison.date.cure == "causette compare runs/faq"
    assert material.optimisation.undone[0].cure == "causette search --data data/faq --out searches/faq"


def test_an_atlas_of_another_set_is_not_told(copy):
    atlas = read_json(copy / "data/faq/atlas.json")
    atlas["set"]["fingerprint"] = "0" * 64
    write_json(copy / "data/faq/atlas.json", atlas)
    assert not read(copy).data.lengths[0][1].measured


def another_run(folder: Path, name: str, date: str, *, compared: bool) -> None:
    new = folder / "runs" / name
    shutil.copytree(folder / "runs/faq", new)
    write_json(new / "metrics.json", read_json(new / "metrics.json") | {"date": date})
    (new / "comparison.json").unlink()
    if compared:
        text = (folder / "runs/faq/comparison.json").read_text(encoding="utf-8").replace('"runs/faq"', f'"runs/{name}"')
        write_json(new / "comparison.json", json.loads(text) | {"date": date})


def test_the_run_is_the_named_one_else_the_newest_compared_else_the_newest(copy):
    another_run(copy, "neuf", "2099-01-02T00:00:00+00:00", compared=False)
    material = read(copy)
    assert (material.run.name, [run.name for run in material.runs]) == ("faq", ["faq", "neuf"])
    assert material.run.curve and material.runs[1].curve is None
    assert run_of(copy, Work()) == copy / "runs/faq" and run_of(copy / "data", Work()) is None
    named = read(copy, Work(run=Path("runs/neuf")))
    assert run_of(copy, Work(run=Path("runs/neuf"))) == copy / "runs/neuf"
    assert [run.name for run in named.runs] == ["neuf", "faq"] and not named.comparison.measured
    another_run(copy, "compare", "2099-01-01T00:00:00+00:00", compared=True)
    assert read(copy).run.name == "compare"
    for name in ("faq", "compare"):
        run_file(copy, "comparison.json", name).unlink()
    assert [run.name for run in read(copy).runs] == ["neuf", "compare", "faq"]


def test_a_comparison_written_elsewhere_is_found_unless_it_is_older_than_the_run(copy):
    (copy / "essai").mkdir()
    shutil.move(run_file(copy, "comparison.json"), copy / "essai/comparison.json")
    material = read(copy)
    assert material.comparison.folder == Path("essai") and material.comparison.measured
    write_json(
        copy / "essai/comparison.json",
        read_json(copy / "essai/comparison.json") | {"date": "2020-01-01T00:00:00+00:00"},
    )
    assert not read(copy).comparison.measured


def test_damage_is_told_and_fatal_only_where_the_team_named_it(copy):
    another_run(copy, "casse", "2099-01-01T00:00:00+00:00", compared=True)
    run_file(copy, "metrics.json", "casse").write_text("{", encoding="utf-8")
    shutil.copytree(copy / "data/faq", copy / "data/autre")
    (copy / "data/autre/test.jsonl").write_text("", encoding="utf-8")
    material = read(copy)
    assert material.run.name == "faq" and [one.name for one in material.sets] == ["faq"]
    assert any("runs/casse" in remark and "abîmé" in remark for remark in material.remarks)
    assert any("autre/test.jsonl" in remark for remark in material.remarks)
    with pytest.raises(InputError, match="casse"):
        read(copy, Work(run=Path("runs/casse")))
    with pytest.raises(InputError, match=r"autre.test\.jsonl"):
        read(copy, Work(data=(Path("data/autre"),)))
    with pytest.raises(InputError, match="n'existe pas"):
        read(copy, Work(run=Path("runs/absent")))
    (copy / "essai").mkdir()
    shutil.move(run_file(copy, "comparison.json"), copy / "essai/comparison.json")
    write_json(copy / "essai/comparison.json", read_json(copy / "essai/comparison.json") | {"comparisons": [{}]})
    broken = read(copy)
    assert (
        broken.run.measured
        and not broken.comparison.measured
        and any("comparaison illisible" in one for one in broken.remarks)
    )


def test_a_run_outside_the_work_folder_is_refused(work, tmp_path):
    with pytest.raises(InputError, match="hors du dossier du travail"):
        read(tmp_path, Work(run=work / "runs/faq"))
    with pytest.raises(InputError, match="hors du dossier du travail"):
        read(tmp_path, Work(data=(work / "data/faq",)))


def test_a_set_that_is_gone_is_told_from_the_manifest_that_the_run_keeps(copy):
    shutil.rmtree(copy / "data")
    material = read(copy)
    assert material.data.kept.value == 61
    assert str(material.data.kept.source.path) == "runs/faq/data_manifest.json"
    assert any("manifeste gardé par l'entraînement" in remark for remark in material.remarks)


def test_a_set_before_any_training_is_told(copy):
    shutil.rmtree(copy / "runs")
    material = read(copy)
    assert not material.run.measured and material.data.kept.value == 61 and material.data.clouds


def test_many_runs_are_read_without_keras(copy):
    for number in range(9):
        another_run(copy, f"essai-{number:02}", "2020-01-01T00:00:00+00:00", compared=False)
    code = (
        "import sys\nfrom pathlib import Path\nfrom livrables.material import material_of\nfrom livrables.team import Work\n"
        f"folder = Path({str(copy)!r})\n"
        "found = material_of(folder, Work(), rendus=folder / 'rendus')\n"
        "heavy = {'tensorflow', 'jax', 'keras', 'optuna', 'pandas'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy or len(found.runs) != 10 else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_sweep_and_captures_are_told(copy):
    from app.main import main

    captures = copy / "rendus/captures"
    captures.mkdir(parents=True)
    shutil.copy(run_file(copy, "figures") / "bars-test.png", captures / "02-page_discussion.png")
    (captures / "fausse.png").write_text("rien", encoding="utf-8")
    with contextlib.chdir(copy):
        assert main(["sweep", "runs/faq", "--questions", "3", "--temperature", "0", "--repetition-penalty", "1.3",
                     "--max-tokens", "4"]) == 0  # fmt: skip
    material = read(copy)
    [sweep] = material.optimisation.sweeps
    swept = read_json(run_file(copy, "sweep.json"))
    assert sweep.tried.value == len(swept["tried"]) == 2 and sweep.best_value.value in [
        one["value"]["value"] for one in swept["tried"]
    ]
    assert sweep.best.text.startswith("glouton, pénalité") and sweep.conclusion
    assert all(follow(fact, copy) == fact.value for fact in facts_in(sweep))
    assert [fact.key for fact in material.optimisation.undone] == ["optimisation.searches"]
    assert [picture.caption for picture in material.captures] == ["Page discussion"]
    assert any("fausse.png" in remark for remark in material.remarks)
