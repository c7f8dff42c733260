"""What the page shows of a run and its data: true to the files, in both languages, and nothing that was put away."""

import ast
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from app.exhibits import atlas as atlas_module
from app.exhibits.atlas import AtlasJob, atlas_of, key_of
from app.exhibits.atlas_job import kept_numbers
from app.exhibits.card import blocks_of
from app.exhibits.data import data_exhibit
from app.exhibits.dialogues import TrainingDialogues
from app.exhibits.exhibits import exhibits_of, showing
from app.exhibits.settings import ENGLISH, SHOWN_ELSEWHERE
from app.main import main
from app.page.about_tab import AboutTab
from app.page.atlas_view import atlas_html
from app.page.data_tab import PAGE, DataTab
from app.page.data_view import dialogues_html, sections_html
from app.page.exhibit_figures import Line, curves, nice_step
from app.page.exhibit_json import from_json, to_json
from app.page.exhibit_parts import duration, link, percent, value_in_words
from app.page.exhibits import AtlasExhibit, ShownDialogue
from app.page.trained import ComparisonExhibit, Exhibits, Point
from app.page.training_tab import TrainingTab, training_points
from app.tokens import masked_tokens, measure_of
from chatbot.language import speaking
from chatbot.model import context_of, load_tokenizer, save_preset
from chatbot.tokenizer import BytePairTokenizer
from datasets_prep.own_licence import declared
from datasets_prep.prepared import PreparedSet
from tests.app.exhibited import SECRET, compared, prepared, trained
from tests.conftest import FRENCH, build_tiny
from training.config import RunConfig
from training.evaluation.report_words import conclusion, limits
from training.runs import flat

ROOT = Path(__file__).resolve().parents[2]
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("exhibits")


@pytest.fixture(scope="module")
def data(place):
    return prepared(place)


@pytest.fixture(scope="module")
def run(place, data, tiny_preset):
    return trained(place, tiny_preset, data)


@pytest.fixture
def copied(run, data, tmp_path):
    """A run and a set that a test may spoil."""
    shutil.copytree(data, tmp_path / "data" / "faq")
    own = tmp_path / "runs" / "faq"
    shutil.copytree(run, own)
    config = (own / "config.yaml").read_text(encoding="utf-8").replace(str(data), str(tmp_path / "data" / "faq"))
    (own / "config.yaml").write_text(config, encoding="utf-8")
    return own, tmp_path / "data" / "faq"


@pytest.fixture(scope="module")
def atlas(run, data):
    return atlas_of(data, str(run))


def test_counts_are_those_of_the_manifest_and_nothing_is_lost_on_the_way_to_json(run, data):
    found = exhibits_of(str(run))
    counts = PreparedSet.open(data).manifest["counts"]
    assert (found.data.read, found.data.kept, found.data.rejected) == (61, 60, 1)
    assert dict(found.data.splits) == counts["by_split"] and found.data.missing is None
    assert found.data.fingerprint == PreparedSet.open(data).fingerprint
    assert [one.count for one in found.data.masked] == [1]
    text = json.dumps(to_json(found))
    assert json.dumps(to_json(from_json(Exhibits, json.loads(text)))) == text  # as text, for NaN is not NaN
    run_ = found.training
    assert (run_.before, run_.after, run_.steps, run_.stopped, run_.device) == (6.0, 1.5, 30, "patience", "CPU (essai)")
    assert [point.step for point in run_.curve] == [10, 20, 30] and run_.samples[0].answers[1] == (10, "À 10.")


def test_the_same_values_speak_both_languages(run):
    found = exhibits_of(str(run))
    told = {}
    for language in ("fr", "en"):
        with speaking(language):
            told[language] = "".join(sections_html(found.data)) + TrainingTab(found).html() + AboutTab(found).html()
    assert f"1 min 15{NBSP}s".replace(" ", NBSP) in told["fr"] and "<dd>1,5</dd>" not in told["fr"]
    assert "réponse vide" in told["fr"] and "1,500" in told["fr"] and "lignes lues" in told["fr"]
    assert "1.500" in told["en"] and "rows read" in told["en"] and "Learning rate at its peak." in told["en"]
    assert not [
        word
        for word in ("lignes", "jetons", "entraînement", "réglage")
        if word in told["en"].replace("d'entraînement", "")
    ]


def test_findings_are_in_the_readers_language_or_marked_and_name_no_option(run):
    found = exhibits_of(str(run))
    french = TrainingTab(found).html()
    with speaking("en"):
        english = TrainingTab(found).html()
    for page in (french, english):
        assert "--set" not in page and "Remède" not in page and "écrit naguère." in page
    assert "n&#x27;avance pas" in french and "(0,001)" in french and "lang=" not in french
    assert "The training does not move" in english and "(0.001)" in english
    assert english.count('<span lang="fr">Un &lt;b&gt;constat') == english.count("(in French)") == 1


def test_the_split_rule_is_in_the_readers_language_or_marked(run, copied):
    with speaking("en"):
        page = "".join(sections_html(exhibits_of(str(run)).data))
        assert "by group (without groups" in page and "par groupe" not in page and "lang=" not in page
        own, _ = copied
        manifest = json.loads((own / "data_manifest.json").read_text(encoding="utf-8"))
        manifest["split_rule"] = ["une règle d'autrefois, répartie à la main"]
        (own / "data_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        assert '<span lang="fr">une règle' in "".join(sections_html(exhibits_of(str(own)).data))


def point(step, loss):
    return Point(step=step, epoch=1.0, loss=loss, validation_loss=loss, learning_rate=1e-3)


def test_a_last_stretch_of_a_few_steps_is_joined_to_the_one_before(run):
    curve = (point(10, 3.0), point(20, 2.0), point(30, 1.0), point(32, 0.4))
    assert training_points(curve) == ([(10, 3.0), (20, 2.0), (32, pytest.approx((10 * 1.0 + 2 * 0.4) / 12))], 2)
    assert training_points(curve[:3]) == ([(10, 3.0), (20, 2.0), (30, 1.0)], 0)
    assert training_points((point(10, 3.0), point(12, 1.0)))[1] == 0  # which of them is usual nobody knows
    training = exhibits_of(str(run)).training
    page = TrainingTab(
        Exhibits(model="x", training=replace(training, curve=curve), about=exhibits_of("mini").about)
    ).html()
    assert "Le dernier tronçon (2 pas)" in page and "0,400" in page  # in the table as it was
    assert "dernier tronçon" not in TrainingTab(exhibits_of(str(run))).html()


def test_numbers_name_what_they_count(run, atlas):
    page = TrainingTab(exhibits_of(str(run))).html()
    assert "1 dialogue d&#x27;entraînement ou de validation coupé" in page.replace("d'e", "d&#x27;e")
    assert "de leur taille au départ" in page
    assert atlas.whole.over and "De toutes les parties du jeu" in atlas_html(atlas)[0]


def test_what_a_source_tells_of_a_dialogue_is_in_words():
    one = ShownDialogue(id="a", source="s", group="", labels=(("origin", "NIH"), ("autre", "x")), turns=())
    assert f"origine{NBSP}: NIH · autre{NBSP}: x" in dialogues_html([one], "") and "origin =" not in dialogues_html(
        [one], ""
    )
    with speaking("en"):
        assert "origin: NIH" in dialogues_html([one], "")


def test_about_names_the_method_and_explains_only_measures_that_were_taken(run):
    found = exhibits_of(str(run))
    assert "tous les poids (<code>full</code>)" in AboutTab(found).html() and "BLEU" not in AboutTab(found).html()
    some = ComparisonExhibit(date="", sides=(), splits=(), limits=())
    assert "BLEU" in AboutTab(replace(found, training=replace(found.training, comparison=some))).html()


def test_a_model_that_is_no_run_says_so(tiny_preset):
    for model in ("mini", str(tiny_preset), "http://127.0.0.1:9/v1"):
        found = exhibits_of(model)
        assert found.data is None and found.training is None
        assert "n'a pas été entraîné ici" in TrainingTab(found).html().replace("&#x27;", "'")
    assert exhibits_of("mini").about.card[1].text == "Training" and exhibits_of("mini").about.parameters == 13439232


def test_a_damaged_run_says_so_and_the_page_opens(copied):
    run, _ = copied
    (run / "metrics.json").write_text("{}", encoding="utf-8")
    found = exhibits_of(str(run))
    assert found.data is None and "illisible" in found.why.fr and found.about.name == "faq"


def test_a_set_that_is_gone_keeps_its_counts_and_shows_no_dialogue(copied, tmp_path):
    run, data = copied
    shutil.rmtree(data)
    shown = showing(str(run))
    assert shown.exhibits.data.read == 61 and shown.dialogues is None and shown.atlas is None
    page = "".join(sections_html(shown.exhibits.data))
    assert "n&#x27;est plus à la place" in page and str(tmp_path) not in page


def test_a_set_prepared_again_or_changed_by_hand_is_not_shown(copied):
    run, data = copied
    with (data / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert "modifié" in exhibits_of(str(run)).data.missing.fr
    source = data.parent.parent / "autre.csv"
    source.write_text("question;réponse\n" + "".join(f"Quoi {n} ?;Ceci {n}.\n" for n in range(30)), encoding="utf-8")
    assert main(["prepare", str(source), "--out", str(data), "--replace"]) == 0
    assert "préparé de nouveau" in exhibits_of(str(run)).data.missing.fr and showing(str(run)).dialogues is None


def test_only_training_dialogues_are_shown_each_with_its_mask(run, data):
    shown = TrainingDialogues(data, str(run))
    ids = [dialogue.id for dialogue in PreparedSet.open(data).split("train")]
    total, found = shown.found("", 0, 1000)
    assert total == len(ids) < 60 and [one.id for one in found] == ids and shown.beginning is None
    tokenizer, template = load_tokenizer(str(run))
    for one, dialogue in zip(found[:3], PreparedSet.open(data).split("train"), strict=False):
        tokens = masked_tokens(dialogue, template, tokenizer)
        assert [(token.text, token.learnt) for token in one.tokens] == tokens[: len(one.tokens)]
        assert one.count == len(tokens) and one.learnt == sum(learnt for _, learnt in tokens)


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [
        ("COMMANDE", None),
        ("numéro 7 ?", 1),
        ("\\u00e9", 0),
        ("aucun tel mot", 0),
        ("<script>", 1),
        ("  ", None),
        ("mot mot", 1),
    ],
)
def test_a_text_is_found_as_it_is_written(run, data, wanted, hits):
    split = list(PreparedSet.open(data).split("train"))
    by_hand = [d.id for d in split if any(wanted.strip().casefold() in turn.content.casefold() for turn in d.messages)]
    total, found = TrainingDialogues(data, str(run)).found(wanted, 0, 1000)
    assert [one.id for one in found] == by_hand and total == len(by_hand)
    assert hits is None or total <= hits  # its one dialogue may be in another split


def test_pages_go_on_and_back_and_end(run):
    shown = showing(str(run))
    tab = DataTab(shown.exhibits, dialogues=shown.dialogues)
    total = shown.dialogues.found("", 0, 0)[0]
    _, where, start, back, further = tab.further("", 0)
    assert (
        start == PAGE
        and f"{PAGE + 1} à {2 * PAGE} sur {total}" in where
        and back["interactive"]
        and further["interactive"]
    )
    assert tab.back("", PAGE)[2] == 0 and not tab.back("", 3)[3]["interactive"]
    assert tab.further("", 10**9)[2] == 0 and tab.further("", "x")[2] == PAGE  # whatever a browser sends
    assert "Aucun dialogue" in tab.search("introuvable" * 50)[0]


def test_a_set_that_goes_away_while_the_page_is_open_is_told(copied):
    run, data = copied
    shown = showing(str(run))
    tab = DataTab(shown.exhibits, dialogues=shown.dialogues)
    tab.search("")
    (data / "train.jsonl").unlink()
    assert "plus lisible" in tab.search("commande")[0]


def test_what_was_masked_or_held_out_does_not_come_back(run, data, atlas):
    shown = showing(str(run))
    everything = json.dumps([to_json(shown.exhibits), to_json(atlas)], ensure_ascii=False)
    _, found = shown.dialogues.found("", 0, 1000)
    told = everything + json.dumps([to_json(one) for one in found], ensure_ascii=False)
    assert SECRET not in told and "lea.martin" not in told and "À qui écrire" in told + _held_out(data)
    for split in ("validation", "test"):
        assert not [one for one in PreparedSet.open(data).split(split) if one.question in told or one.answer in told]


def test_a_licence_that_does_not_allow_it_warns_before_the_page_is_published(copied):
    run, _ = copied
    manifest = run / "data_manifest.json"
    text = manifest.read_text(encoding="utf-8")
    for answer, told in (("unknown", "Rien ne dit"), ("no", "interdit"), ("yes", "")):
        manifest.write_text(
            text.replace('"redistribution": "unknown"', f'"redistribution": "{answer}"'), encoding="utf-8"
        )
        assert (told in DataTab(exhibits_of(str(run)))._terms()) and bool(told) == bool(
            DataTab(exhibits_of(str(run)))._terms()
        )


def _held_out(data):
    return " ".join(one.question for split in ("validation", "test") for one in PreparedSet.open(data).split(split))


def test_dialogues_are_carried_only_where_they_may_be_passed_on(run, copied):
    own, _ = copied
    assert exhibits_of(str(run), dialogues=3).data.dialogues == ()  # a team's own file: unknown
    manifest = own / "data_manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"redistribution": "unknown"', '"redistribution": "yes"')
    )
    carried = exhibits_of(str(own), dialogues=3)
    tab = DataTab(carried)
    assert len(carried.data.dialogues) == 3 and "1 à 3 sur 3, parmi les 3 premiers" in tab.search("")[1]
    assert from_json(type(carried.data), json.loads(json.dumps(to_json(carried.data)))) == carried.data


def test_the_comparison_is_that_of_the_report_word_for_word(copied, monkeypatch):
    run, data = copied
    facts = compared(run, data)
    for name in ("bootstrap", "paired"):  # nothing is measured again
        monkeypatch.setattr(f"training.evaluation.measures.{name}", lambda *_, **__: pytest.fail("measured again"))
    found = exhibits_of(str(run)).training.comparison
    [split] = found.splits
    for language in ("fr", "en"):
        with speaking(language):
            report = [line[0].upper() + line[1:] for line in conclusion(facts)]
            assert [str(one).replace("`faq`", f"`{run}`") for one in split.conclusion] == report
            assert [str(one) for one in found.limits] == [line.replace(str(run), "faq") for line in limits([facts])]
    row = next(row for row in split.rows if row.name == "token_f1")
    measured = facts.comparison.measures
    assert [one.value for one in row.values] == [
        measured[side.model]["token_f1"].value for side in facts.comparison.evaluations
    ]
    assert [side.role for side in found.sides] == ["reference", "main", "baseline"]
    page = TrainingTab(exhibits_of(str(run))).html()
    assert "Question recopiée" in page and str(run.parent) not in page and "pas été comparé" not in page


def test_what_was_not_measured_is_said_to_be_with_the_command(run, copied):
    assert "causette compare runs/faq" in TrainingTab(exhibits_of(str(run))).html()
    own, _ = copied
    (own / "comparison.json").write_text('{"format": 1}', encoding="utf-8")
    assert "Non mesuré" in TrainingTab(exhibits_of(str(own))).html()


def test_every_option_has_its_english_line_and_the_changed_ones_come_first(run):
    keys = flat(RunConfig(data=".", out=".").model_dump(mode="json")).keys()
    assert ENGLISH.keys() == keys - set(SHOWN_ELSEWHERE)
    settings = exhibits_of(str(run)).training.settings
    assert {one.key for one in settings if one.changed} == {"fit.epochs", "fit.learning_rate"}
    assert all(one.doc.fr and one.doc.en for one in settings)
    page = TrainingTab(exhibits_of(str(run))).html()
    assert page.index("fit.epochs") < page.index("Réglages par défaut") < page.index("fit.patience")


def test_texts_of_files_are_no_markup(run):
    page = TrainingTab(exhibits_of(str(run))).html()
    assert "<b>constat</b>" not in page and "&lt;b&gt;constat" in page and "<i>est" not in page
    assert link("javascript:alert(1)") == "javascript:alert(1)" and link("https://x.y/").startswith("<a ")
    shown = showing(str(run))
    hit = DataTab(shown.exhibits, dialogues=shown.dialogues).search("<script>")[0]
    assert "<script" not in hit and "${" not in hit and "{{" not in hit


def test_an_atlas_is_drawn_once_for_all_and_kept_beside_the_set(run, data, atlas, monkeypatch):
    assert (atlas.dialogues, atlas.of) == (60, 60) and atlas.whole.longest > atlas.limit == 128
    assert "commande" in atlas.clouds[0].first_common and "<svg" in atlas.clouds[0].commonest
    kept = list((data / ".exhibits").glob("*.json"))
    assert [path.stem for path in kept] == [key_of(data, str(run))]
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("drawn again"))
    job = AtlasJob(folder=data, model=str(run))
    job.begin()
    first = job._thread
    job.begin()
    job.wait()
    assert job._thread is first and job.atlas == atlas and job.failure is None
    kept[0].write_text(kept[0].read_text(encoding="utf-8").replace('"limit"', '"limite"'), encoding="utf-8")
    drawn = []
    monkeypatch.setattr(atlas_module, "_drawn", lambda *_: drawn.append(1) or atlas)
    assert atlas_of(data, str(run)) == atlas and drawn  # one of another version is drawn again
    kept[0].unlink()


def test_an_atlas_that_cannot_be_drawn_is_told(run, tmp_path, caplog):
    job = AtlasJob(folder=tmp_path / "absent", model=str(run))
    job.wait()
    assert job.atlas is None and "n'ont pas pu" in job.failure.fr and "absent" in caplog.text
    tab = DataTab(exhibits_of(str(run)), atlas=job)
    shown, timer = tab.open()
    assert "n&#x27;ont pas pu" in shown and timer.active is False and "causette inspect" in shown


def test_the_atlas_names_its_clouds_in_the_readers_language(atlas):
    for language, words in (("fr", "Nuage de mots"), ("en", "Word cloud")):
        with speaking(language):
            page = "".join(atlas_html(atlas))
            assert words in page and 'aria-label=""' not in page
            assert ("jetons" in page) == (language == "fr")
    assert from_json(AtlasExhibit, json.loads(json.dumps(to_json(atlas)))) == atlas


def test_runs_share_an_atlas_where_their_tokens_are_the_same(copied, tmp_path):
    run, data = copied
    before = key_of(data, str(run))
    note = run / "preset" / "causette.json"
    note.write_text(json.dumps({**json.loads(note.read_text(encoding="utf-8")), "exchanges": 7}), encoding="utf-8")
    assert key_of(data, str(run)) == before
    note.write_text(json.dumps({"template": "alpaca"}), encoding="utf-8")
    assert key_of(data, str(run)) != before
    other = tmp_path / "other"
    save_preset(build_tiny(BytePairTokenizer.train(FRENCH * 4, 300)), other, {"template": "human_assistant"})
    assert key_of(data, str(other)) != before


def test_atlas_json_is_read_only_if_it_is_of_this_set_and_tokenizer(copied, tiny_tokenizer, tmp_path):
    run, data = copied
    assert main(["inspect", str(data), "--model", str(run)]) == 0
    prepared_set = PreparedSet.open(data)

    def measure(model):
        return measure_of("x", *load_tokenizer(str(model)), context_of(str(model)))

    assert kept_numbers(prepared_set, measure(run))["words"]["distinct"] > 5
    other = tmp_path / "other"  # the same template and context, another vocabulary
    save_preset(build_tiny(BytePairTokenizer.train(FRENCH * 4, 300)), other, {"template": "human_assistant"})
    assert kept_numbers(prepared_set, measure(other)) is None
    numbers = json.loads((data / "atlas.json").read_text(encoding="utf-8"))
    numbers["set"]["fingerprint"] = "0"
    (data / "atlas.json").write_text(json.dumps(numbers), encoding="utf-8")
    assert kept_numbers(prepared_set, measure(run)) is None


def test_a_curve_leaves_out_what_is_no_number_and_tells_its_ends():
    line = Line(name="perte", style="one", points=[(0, 6.0), (10, float("nan")), (20, 1.5)])
    drawn = curves([line], title="T", across="pas", up="nats", last=20)
    assert drawn.count('class="dot one"') == 2 and "de 6,000 à 1,500" in drawn and "nan" not in drawn
    assert (
        curves([Line(name="x", style="one", points=[(0, float("nan"))])], title="T", across="a", up="b", last=1) == ""
    )
    assert [nice_step(reach) for reach in (0.07, 1, 6.4, 1858, 0)] == [0.02, 0.2, 2, 500, 1]


def test_values_as_people_read_them():
    assert [value_in_words(one) for one in (None, True, 0.001, 5e-5, 12000, ["query", "value"], "auto", 16.0)] == [
        "non fixé", "oui", "0,001", f"5{NBSP}×{NBSP}10⁻⁵", "12\u202f000", "query, value", "auto", "16",
    ]  # fmt: skip
    assert (percent(0.2), percent(0.0001), percent(1)) == (f"20{NBSP}%", f"moins de 0,1{NBSP}%", f"100{NBSP}%")
    assert duration(3874) == "1 h 04 min".replace(" ", NBSP)


def test_a_card_becomes_blocks():
    text = "---\nlicense: x\n---\n\n# t\n\nOne **two**\nthree [a](https://b.c).\n\n## H\n- i\n\n| a | b |\n|---|--:|\n| 1 | <b> |\n"
    assert [(one.kind, one.text or one.rows) for one in blocks_of(text)] == [
        ("text", "One two three a (https://b.c)."), ("heading", "H"), ("item", "i"), ("table", (("a", "b"), ("1", "<b>"))),
    ]  # fmt: skip


def test_the_tabs_need_neither_data_nor_training_code():
    for path in (ROOT / "app" / "page").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                top = node.module.split(".")
                ours = top[0] in ("datasets_prep", "training", "livrables") or (
                    top[0] == "app" and top[1] == "exhibits"
                )
                assert not ours, f"{path.name} imports {node.module}"


def test_a_declared_licence_is_shown_as_declared_in_both_languages(data):
    manifest = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    manifest["sources"][0]["licence"] = declared("etalab-2.0", "Zoé Martin").to_json()
    source = data_exhibit(manifest, data).sources[0]
    assert source.licence.fr == "Licence Ouverte 2.0 (Etalab), selon la déclaration de qui a préparé le jeu"
    assert source.licence.en == "Open Licence 2.0 (Etalab), as declared by whoever prepared the set"
    assert (source.redistribution, source.attribution, source.checked) == ("yes", "Zoé Martin", "")
