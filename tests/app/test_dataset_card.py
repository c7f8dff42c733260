"""The card of a data set and its Parquet: whole, the same each time, without paths, and harmless."""

import json
import os
import re
import subprocess
import sys

import pytest
from huggingface_hub import DatasetCard

from app.hub.card_licence import identifier, licence_metadata
from app.hub.card_manifest import OF_OWN_FILES
from app.hub.card_text import link
from app.hub.dataset_card import dataset_card
from app.hub.dataset_parcel import ROWS, dataset_parcel, read_parquet, write_parquet
from chatbot.dialogue import Dialogue, Message, assistant, read_dialogues, user
from chatbot.files import read_json, write_json
from chatbot.language import set_language
from datasets_prep.own_licence import KNOWN, RESERVED, declared
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet
from datasets_prep.sources import SOURCES

HOSTILE = "<img src=x onerror=alert(1)> [clic](javascript:x) | `code` **gras** $x$"


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A theme of the embedded set, prepared."""
    out = tmp_path_factory.mktemp("data") / "boutique"
    return prepare(PrepareConfig(sources=("embedded:boutique_commande",), out=out))


def changed(folder, out, change):
    """The set in another folder, its manifest changed: what it says of sources is not fingerprinted."""
    import shutil

    shutil.copytree(folder, out)
    manifest = read_json(out / "manifest.json")
    change(manifest)
    write_json(out / "manifest.json", manifest)
    return out


def test_a_dialogue_comes_back_whole(tmp_path):
    told = Dialogue(
        id="a-1", source="a", group="g", meta={"row": 1, "tags": ["é", 2.5, None], "language": "fr", "deep": {"x": True}},
        messages=(Message(role="system", content="Sois bref."), user("Traduis.", "Bonjour\n\t« toi » \x00"), assistant("Hello 🙂")),
    )  # fmt: skip
    plain_one = Dialogue.of_pair("q", "a", id="a-2", source="a", group="")
    table = write_parquet([told, plain_one], tmp_path / "x.parquet")
    assert list(read_parquet(table.path)) == [told, plain_one]
    assert table.examples == 2 and table.octets > 0


def test_rows_are_written_some_at_a_time(tmp_path):
    from pyarrow import parquet

    many = [Dialogue.of_pair(f"q{n}", "a", id=str(n), source="a", group="") for n in range(ROWS + 1)]
    table = write_parquet(iter(many), tmp_path / "x.parquet")
    with parquet.ParquetFile(table.path) as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [ROWS, 1]
    assert write_parquet([], tmp_path / "none.parquet").examples == 0


def test_the_same_set_gives_the_same_bytes(shop, tmp_path):
    one, other = (dataset_parcel(shop, work, repo="zoe/shop") for work in (made(tmp_path / "1"), made(tmp_path / "2")))
    assert {each.path: each.sha256 for each in one.items} == {each.path: each.sha256 for each in other.items}
    places = [each.path for each in one.items]
    assert places == sorted(
        ["README.md", "manifest.json"]
        + [f"jsonl/{split}.jsonl" for split in ("train", "validation", "test", "recall")]
        + [f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test", "recall")]
    )


def made(folder):
    folder.mkdir()
    return folder


def test_what_is_sent_is_a_prepared_set_again_once_its_jsonl_lie_beside_the_manifest(shop, tmp_path):
    parcel = dataset_parcel(shop, made(tmp_path / "work"), repo="zoe/shop")
    parcel.write(tmp_path / "sent")
    back = made(tmp_path / "back")
    for file in [*(tmp_path / "sent" / "jsonl").iterdir(), tmp_path / "sent" / "manifest.json"]:
        (back / file.name).write_bytes(file.read_bytes())
    data = PreparedSet.open(back)
    for split in data.splits:
        dialogues = list(data.split(split))
        assert dialogues == list(read_dialogues(shop / f"{split}.jsonl"))
        assert dialogues == list(read_parquet(tmp_path / "sent" / "data" / f"{split}-00000-of-00001.parquet"))


def test_datasets_reads_the_folder_and_the_features_are_its_own(shop, tmp_path):
    """`load_dataset` itself, in a process of its own; the Parquet splits, and not the JSONL beside them."""
    parcel = dataset_parcel(shop, made(tmp_path / "work"), repo="zoe/shop")
    parcel.write(tmp_path / "sent")
    card = DatasetCard.load(tmp_path / "sent" / "README.md").data.to_dict()
    code = """
import json, sys
from datasets import load_dataset
data = load_dataset(sys.argv[1])
train = data["train"]
print(json.dumps({"rows": {s: len(data[s]) for s in data}, "features": train.features._to_yaml_list(), "first": train[0]}))
"""
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "sent")],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    info = card["dataset_info"]
    assert found["features"] == info["features"]
    assert found["rows"] == {split["name"]: split["num_examples"] for split in info["splits"]}
    first = next(read_dialogues(shop / "train.jsonl"))
    assert found["first"]["id"] == first.id and found["first"]["messages"][0]["content"] == first.messages[0].content
    assert json.loads(found["first"]["meta"]) == dict(first.meta)


def test_the_metadata(shop):
    data = DatasetCard(dataset_card(shop, repo="zoe/shop")).data
    assert data.license == "apache-2.0" and data.language == ["fr"] and data.pretty_name == "shop"
    assert data.size_categories == ["n<1K"] and data.source_datasets == ["original"]
    assert [one["split"] for one in data.configs[0]["data_files"]] == ["train", "validation", "test", "recall"]


def test_the_text_in_both_languages(shop):
    text = plain(dataset_card(shop, repo="zoe/shop"))
    manifest = read_json(shop / "manifest.json")
    for title in ("Les parties", "Les sources", "Licences", "Comment il a été fait", "Données personnelles", "Le lire", "Limites", "In English"):  # fmt: skip
        assert f"\n## {title}\n" in text
    assert 'load_dataset("zoe/shop")' in text and "causette pull zoe/shop --dataset" in text
    assert plain(manifest["sources"][0]["licence"]["personal_data"]) in text
    assert all(file["sha256"] in text for file in manifest["sources"][0]["files"])
    set_language("en")
    english = dataset_card(shop, repo="zoe/shop")
    assert "\n## The splits\n" in english and "\n## En français\n" in english


def test_masked_persons_are_counted_and_unmasked_ones_are_told(write_set):
    rows = "question;réponse\nÀ qui écrire ?;À lea@exemple.fr.\nOù est mon colis ?;Au relais.\nQuand livrez-vous ?;Le mardi.\n"
    assert "Masquées à la préparation : adresses électroniques 1." in plain(dataset_card(write_set(rows), repo="z/a"))
    assert "n'ont pas été cherchées ni masquées" in plain(dataset_card(write_set(rows, keep_personal=True), repo="z/a"))


@pytest.fixture
def write_set(tmp_path):
    def prepared(rows: str, name: str = "faq", **options):
        file = tmp_path / f"{name}.csv"
        file.write_text(rows, encoding="utf-8")
        config = PrepareConfig(sources=(str(file),), out=tmp_path / "set", replace=True, **options)
        return prepare(config)

    return prepared


def test_what_a_manifest_says_is_text_and_nothing_else(shop, tmp_path):
    def hostile(manifest):
        source = manifest["sources"][0]
        for key in ("name", "title", "origin", "revision"):
            source[key] = f"{key} {HOSTILE}\n# titre"
        source["licence"] |= {"stated": f"{HOSTILE}\n---", "attribution": HOSTILE, "personal_data": HOSTILE, "link": "javascript:alert(1)"}  # fmt: skip
        source["files"] = [{"name": f"a` {HOSTILE}", "bytes": 1, "sha256": "0"}]
        manifest["split_rule"] = [HOSTILE]
        manifest["counts"]["by_reason"] = {HOSTILE: 1}

    text = dataset_card(changed(shop, tmp_path / "bad", hostile), repo="zoe/shop")
    body = DatasetCard(text).text
    assert_harmless(body)
    assert DatasetCard(text).data.license == "other"


def assert_harmless(body: str) -> None:
    """As a browser would see it: no element, link or title that came from a text."""
    from markdown_it import MarkdownIt

    shown = MarkdownIt("commonmark").enable("table").render(body)  # raw HTML passes, where nothing escaped it
    assert "<img" not in shown and 'href="javascript' not in shown and "<strong>gras" not in shown
    assert shown.count("<h1>") == 1 and "titre</h" not in shown and "alert(1)" in shown


def test_no_path_of_the_machine(shop, tmp_path):
    def with_paths(manifest):
        manifest["sources"][0]["revision"] = "/home/zoe/secret/faq.csv"
        manifest["sources"][0]["guessed"] = {"file": "C:\\Users\\zoe\\faq.csv", "columns": ["a/b", "question"]}

    folder = changed(shop, tmp_path / "paths", with_paths)
    parcel = dataset_parcel(folder, made(tmp_path / "work"), repo="zoe/shop")
    sent = {each.path: each.source for each in parcel.items}
    for content in (sent["README.md"], sent["manifest.json"]):
        assert b"secret" not in content and b"Users" not in content and str(tmp_path).encode() not in content
    assert json.loads(sent["manifest.json"])["sources"][0]["guessed"] == {
        "file": "faq.csv",
        "columns": ["a/b", "question"],
    }


def test_the_card_speaks_to_strangers_not_to_the_owner_of_a_file(write_set):
    folder = write_set("question;réponse\nQui ?;Lui.\nOù ?;Ici.\nQuand ?;Hier.\n")
    before = read_json(folder / "manifest.json")
    text = plain(dataset_card(folder, repo="zoe/faq"))
    assert "3 dialogues, prêts" in text and "à partir de : un fichier CSV de questions et réponses." in text
    assert "Origine : fichier de qui a préparé le jeu" in text and "inconnue : celle du fichier" in text
    set_language("en")
    english = dataset_card(folder, repo="zoe/faq")  # of a set that was prepared in French
    assert "from: a CSV file of questions and answers." in english and "unknown: that of the file" in english
    for words in ("otre fichier", "otre PDF", "Your ", "your own"):
        assert words not in text and words not in english
    assert read_json(folder / "manifest.json") == before


def test_every_word_to_the_owner_of_a_file_has_one_for_strangers():
    told = [words for own, _ in OF_OWN_FILES for words in own]
    for spec in SOURCES.values():
        for french, english in (spec.title, spec.origin, spec.licence.stated):
            spoken = re.search(r"\b(votre|vos|vous|your)\b", f"{french} {english}", re.IGNORECASE)
            assert not spoken or (french in told and english in told)


def test_links_that_are_harmless():
    assert link("a", "https://a.b/c(d)") == "a" and link("a|b", "https://a.b/c") == "[a\\|b](https://a.b/c)"


def test_the_licences_of_the_ledger_as_the_hub_names_them():
    assert [identifier(text) for text in ("CC BY-NC-SA 3.0", "CC BY 4.0", "Apache-2.0", "Etalab 2.0", "inconnue")] == [
        "cc-by-nc-sa-3.0", "cc-by-4.0", "apache-2.0", "etalab-2.0", "",
    ]  # fmt: skip

    def of(*names):
        return licence_metadata({name: SOURCES[name].licence for name in names}, "https://x")

    assert of("medquad") == {"license": "cc-by-4.0"} and of("corona_tweets") == {"license": "unknown"}
    assert of("medquad", "embedded") == {
        "license": "other", "license_name": "cc-by-4.0-and-apache-2.0", "license_link": "https://x",
    }  # fmt: skip
    assert of("financial_phrasebank") == {"license": "cc-by-nc-sa-3.0"}
    assert of("financial_phrasebank", "corona_tweets") == {"license": "unknown"}


def test_a_declared_licence_as_the_hub_names_it():
    def of(*texts, **more):
        return licence_metadata({text: declared(text) for text in texts} | more, "https://x")

    for name in set(KNOWN) - {RESERVED}:
        assert of(name) == {"license": name}
    assert of("apache-2.0", embedded=SOURCES["embedded"].licence) == {"license": "apache-2.0"}
    assert of("propriétaire") == {
        "license": "other",
        "license_name": "all-rights-reserved",
        "license_link": "https://x",
    }
    assert of("cc-by-4.0", tweets=SOURCES["corona_tweets"].licence) == {"license": "unknown"}


def test_non_commercial_and_share_alike_are_inherited(shop, tmp_path):
    def mixed(manifest):
        bank = SOURCES["financial_phrasebank"].licence.to_json()
        manifest["sources"].append({**manifest["sources"][0], "name": "phrasebank", "part": "", "licence": bank})

    text = plain(dataset_card(changed(shop, tmp_path / "mixed", mixed), repo="zoe/shop"))
    assert (
        "Usage commercial interdit par : phrasebank" in text and "À partager sous la même licence : phrasebank" in text
    )
    assert "- Usage commercial : non" in text and "P. Malo" in text


def test_answers_that_are_learnt_too_are_told_of_each_split(shop, tmp_path):
    def shared(**counts):
        folder = changed(shop, tmp_path / str(len(list(tmp_path.iterdir()))), lambda found: found["counts"].update(shared_answers=counts))  # fmt: skip
        return plain(dataset_card(folder, repo="zoe/shop"))

    text = shared(validation=24, test=0, recall=24)
    assert "sous d'autres questions : validation 24, test 0, recall 24 (recall reprend exprès des réponses" in text
    assert "48" not in text.partition("## Limites")[2]
    assert "exprès" not in shared(validation=1, test=0) and "aussi dans train" not in shared(validation=0, test=0)


def test_a_set_prepared_in_french_has_an_english_card(shop, write_set):
    source, rule = SOURCES["embedded"], read_json(shop / "manifest.json")["split_rule"][0]
    own = write_set("question;réponse\nQui ?;Lui.\nOù ?;Ici.\nQuand ?;Hier.\n")
    brief = plain(dataset_card(own, repo="z/a")).partition("## In English")[2]
    assert "unknown: that of the file" in brief and "inconnue" not in brief
    french = plain(dataset_card(shop, repo="z/a"))
    assert "pour « Jeu intégré : le cours et une boutique en ligne (boutique\\_commande) » : aucune" in french
    set_language("en")
    english = dataset_card(shop, repo="z/a").partition("## En français")[0]
    for french, told in (source.title, source.origin, source.licence.personal_data, source.split_rule.words):
        assert plain(told).replace("_", "\\_") in english and plain(french) not in plain(english)
    assert plain(rule) not in plain(english)
    of_own = dataset_card(own, repo="z/a").partition("## En français")[0]
    assert "unknown: check before publishing" in of_own and "par groupe" not in of_own and "inconnue" not in of_own
