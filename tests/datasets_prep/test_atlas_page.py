"""The atlas as files: whole or not at all, JSON, PNG, one page in which data is only text, in both languages."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from chatbot.language import set_language
from datasets_prep.atlas import look
from datasets_prep.atlas.analysis import FORMAT, NOTED, AtlasRequest, analyse
from datasets_prep.atlas.clouds import can_draw, cloud_of, face
from datasets_prep.atlas.draw import draw_atlas
from datasets_prep.atlas.lengths import Length, TokenMeasure
from datasets_prep.atlas.notes import notes_of, terms_of
from datasets_prep.atlas.provenance import rejections_of
from datasets_prep.atlas.sample import Sample
from datasets_prep.atlas.words import Weighed
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet
from datasets_prep.spec import Shares

NASTY = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{ 7*7 }} & \"'"
# A measure without a model: a token is a word, and the answer is learnt.
WORDS = TokenMeasure(
    model="<b>mots</b>",
    template="plain",
    limit=8,
    lengths=lambda dialogues: [Length(len(f"{d.question} {d.answer}".split()), len(d.answer.split())) for d in dialogues],
    view=lambda d: [*((word, False) for word in d.question.split()), *((word, True) for word in d.answer.split()), ("\n", True)],
)  # fmt: skip


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, and the text."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] != "style":
            self.text += data


FAIR = [(f"Quelle est l'élève numéro {n} ?", f"L'élève {n} est déjà à l'école.") for n in range(6)]
ODD = [(NASTY, f"Réponse {NASTY}"), ("ما هي عاصمة فرنسا؟", "باريس هي عاصمة"), ("日本の首都は？", "東京です。"),
       ("🎉 ?", "🎂 !"), ("Combien coûte $x$ ?", "Cela coûte $5$ et x^2."), ("vide ?", "12 + 3")]  # fmt: skip
LABELS = ["école"] * 6 + ["<i>autre</i>"] * 6


def labelled(folder: Path, labels: list[str]) -> PreparedSet:
    """The same set with a label on each dialogue: what a source of classified texts writes."""
    import hashlib

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for split in manifest["fingerprints"]:
        path = folder / f"{split}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            line["meta"]["label"] = labels[int(line["id"].rpartition("-")[2]) - 1]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        manifest["fingerprints"][split] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return PreparedSet.open(folder)


def prepared_in(folder: Path, pairs: list[tuple[str, str]], shares: tuple[float, float, float]) -> PreparedSet:
    rows = [{"question": question, "answer": answer} for question, answer in pairs]
    source = folder / "faq.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = PrepareConfig(sources=(str(source),), out=folder / "out", shares=Shares(*shares))
    return PreparedSet.open(prepare(config))


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    """The atlas of twelve dialogues: two classes, three splits, four scripts, and texts that would be markup."""
    set_language("fr")
    made = prepared_in(tmp_path_factory.mktemp("atlas"), [*FAIR, *ODD, ("Où ?", "")], (0.6, 0.2, 0.2))
    data = labelled(made.folder, LABELS)
    draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    return data.folder


@pytest.fixture
def data(tmp_path):
    """A set that is quick to draw: one split, no classes."""
    return prepared_in(tmp_path, FAIR, (1, 0, 0))


def read(folder: Path) -> tuple[dict, str]:
    return json.loads((folder / "atlas.json").read_text(encoding="utf-8")), (folder / "atlas.html").read_text("utf-8")


def test_files_are_there_and_whole(atlas):
    numbers, page = read(atlas)
    assert (
        sorted(str(path.relative_to(atlas).as_posix()) for path in (atlas / "figures").iterdir()) == numbers["figures"]
    )
    for name in numbers["figures"]:
        with Image.open(atlas / name) as picture:
            picture.load()
            assert picture.width > 400
    assert page.endswith("</html>")
    assert not [path for path in atlas.rglob("*") if ".part" in path.name]
    PreparedSet.open(atlas)  # an atlas changes nothing of the set


def test_what_is_drawn(atlas):
    numbers, _ = read(atlas)
    assert [(part["kind"], part["name"]) for part in numbers["words"]["parts"]] == [
        ("all", ""), ("split", "train"), ("split", "validation"), ("split", "test"), ("class", "<i>autre</i>"),
        ("class", "école"),
    ]  # fmt: skip
    whole = numbers["words"]["parts"][0]
    assert dict(whole["count"])["élève"] == 12 and whole["dialogues"] == numbers["counts"]["kept"] == 12
    assert "est" not in dict(whole["count"]) and numbers["words"]["function_words"] == ["fr"]
    assert {one["kind"] for one in numbers["contrasts"]} == {"questions_answers", "splits", "classes"}
    assert any(name.startswith("figures/cloud_class_05_ecole") for name in numbers["figures"])
    lengths = numbers["lengths"]
    assert lengths["dialogue"]["count"] == 12 and lengths["dialogue"]["over"] > 0
    assert sum(one["over"] for one in lengths["by_split"].values()) == lengths["dialogue"]["over"]
    assert sum(lengths["dialogue"]["histogram"]["counts"]) + len(lengths["dialogue"]["histogram"]["tail"]) == 12


def test_data_is_text_and_nothing_comes_from_elsewhere(atlas):
    _, source = read(atlas)
    page = Page(source)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base", "i2"}
    assert "<script>alert(1)</script>" in page.text and "{{ 7*7 }}" in page.text and "<i>autre</i>" in page.text
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for tag, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "action"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")) or (tag == "a" and value.startswith("https://"))
    assert not re.search(r"url\((?!data:)|@import", source)
    assert "default-src 'none'" in source


def test_pictures_are_told_to_those_who_do_not_see_them(atlas):
    _, source = read(atlas)
    page = Page(source)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg" or attributes.get("role") == "img"]
    assert pictures and all(attributes.get("aria-label") for attributes in pictures)
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {a["href"][1:] for tag, a in page.tags if tag == "a" and (a.get("href") or "").startswith("#")} <= ids


def test_learnt_tokens_are_marked(atlas):
    numbers, source = read(atlas)
    learnt = [attributes for tag, attributes in Page(source).tags if attributes.get("class") == "learnt"]
    assert len(learnt) == sum(view["learnt"] for view in numbers["tokens"]) > 0
    assert all(len(view["tokens"]) == view["count"] for view in numbers["tokens"])


def test_other_scripts_are_named_and_not_drawn(atlas):
    assert not can_draw("東京です") and not can_draw("باريس") and can_draw("élève") and can_draw("œuvre")
    assert "東京です" in Page(read(atlas)[1]).text
    cloud = cloud_of([Weighed("東京", 2), Weighed("mot", 1)], hue="count", alt='a"<b>', seed=0)
    assert cloud.drawn == ("mot",) and cloud.left_out == ("東京",)
    assert 'aria-label="a&quot;&lt;b&gt;"' in cloud.svg
    assert cloud_of([], hue="tfidf", alt="", seed=0).svg == ""


def test_the_font_has_the_letters_and_no_others():
    from fontTools.ttLib import TTFont

    letters = {chr(code) for code in TTFont(io.BytesIO(face(["élève", "cœur"]))).getBestCmap()}
    assert set("élèvecœur") <= letters and len(letters) < 20


def test_english(data):
    set_language("en")
    draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    numbers, source = read(data.folder)
    page = Page(source)
    assert page.tags[0] == ("html", {"lang": "en"}) and numbers["language"] == "en"
    assert "Word clouds" in page.text and "How to read this:" in page.text
    for french in ("Comment lire", "jetons", "Nuages", "rejetées", "mots"):
        assert french not in page.text.replace("<b>mots</b>", ""), french


def test_french_is_well_set(atlas):
    """A blank before ; : ! ? » or after « never breaks; texts of the data are theirs."""
    text = Page(read(atlas)[1]).text
    ours = re.sub(r"\s*\n\s*", "\n", text.split("Exemples\n")[0].split("Ce qui est appris\n")[0])
    assert re.findall(r".{0,20} [:;!»].{0,5}|« .{0,9}", ours) == []


def test_the_same_seed_gives_the_same_atlas_and_another_other_samples(data):
    def drawn(seed: int) -> tuple[dict, bytes]:
        value = draw_atlas(AtlasRequest(data=data, tokens=WORDS, seed=seed), data.folder)
        return value, (data.folder / "atlas.html").read_bytes()

    one, page = drawn(1)
    assert (one, page) == drawn(1)
    other, _ = drawn(2)
    assert [view["id"] for view in one["tokens"]] != [view["id"] for view in other["tokens"]]
    assert one["words"] == other["words"]


def test_a_large_set_is_sampled_and_it_is_said(data):
    value = draw_atlas(AtlasRequest(data=data, tokens=WORDS, most=4), data.folder)
    assert value["phrased"] == [] and "formulées par Causette" not in read(data.folder)[1]
    assert value["sample"] == {"dialogues": 4, "of": 6, "seed": 0} and value["lengths"]["dialogue"]["count"] == 4
    assert "4 dialogues tirés au sort parmi 6 (graine 0)" in Page(read(data.folder)[1]).text


def test_against_another_set(prepared, tmp_path):
    one, other = (prepared(f"embedded:{name}", out=tmp_path / name) for name in ("boutique_accueil", "hub"))
    contrasts = analyse(AtlasRequest(data=one, tokens=WORDS, against=other))["contrasts"]
    contrast = next(one for one in contrasts if one["kind"] == "sets")
    first, second = ({word["word"].lower(): word for word in contrast[side]} for side in ("first", "second"))
    assert contrast["names"] == ["boutique_accueil", "hub"]
    assert first["livres"]["there"] == 0 and second["dépôt"]["there"] == 0
    assert not {"est", "vous", "les"} & {*first, *second}
    assert [word["z"] for word in contrast["first"]] == sorted((w["z"] for w in contrast["first"]), reverse=True)


def test_our_own_phrasings_are_no_words_of_the_data(tmp_path):
    """In a mixture, row by row: the requests of one source are ours, those of the other its own."""
    phrases = tmp_path / "Sentences_50Agree.txt"
    names = ("Nokia", "Kone", "Fiskars", "Stora", "Outokumpu", "Sampo", "Elisa", "Neste", "Wartsila")
    phrases.write_text("".join(f"Profit of {name} rose in Helsinki .@positive\n" for name in names), encoding="utf-8")
    config = PrepareConfig(
        sources=("financial_phrasebank", "embedded:hub"), from_file=phrases, requests="fr", out=tmp_path / "mix"
    )
    data = PreparedSet.open(prepare(config))
    value = draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    assert value["phrased"] == ["financial_phrasebank"] and value["class_key"] == "source"
    [ours] = [part for part in value["words"]["parts"] if part["name"] == "financial_phrasebank"]
    found = {word for word, _ in ours["count"]}
    assert {"Profit", "rose", "Helsinki", *names} <= found and not {"phrase", "nouvelle", "investisseur"} & found
    [hub] = [part for part in value["words"]["parts"] if part["name"] == "embedded"]
    assert "dépôt" in {word for word, _ in hub["count"]}
    line = "Les demandes de financial_phrasebank sont formulées par Causette"
    assert line in Page(read(data.folder)[1]).text


def test_after_an_error_the_older_atlas_lies_there(data, monkeypatch):
    folder = data.folder
    draw_atlas(AtlasRequest(data=data, tokens=WORDS), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.name == "atlas.html":
            raise OSError(28, "full")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="full"):
        draw_atlas(AtlasRequest(data=data, tokens=WORDS, seed=5), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_figures_of_an_older_atlas_leave_and_files_of_others_stay(data):
    folder, listed = data.folder, ["figures/old.png", "../outside.png", "figures/../train.jsonl"]
    (folder / "figures").mkdir()
    for name in ("figures/old.png", "figures/mine.png", "../outside.png"):
        (folder / name).write_bytes(b"x")
    (folder / "atlas.json").write_text(json.dumps({"format": FORMAT, "figures": listed}), encoding="utf-8")
    draw_atlas(AtlasRequest(data=data, tokens=WORDS), folder)
    assert (folder / "figures" / "mine.png").exists() and (folder.parent / "outside.png").exists()
    assert not (folder / "figures" / "old.png").exists() and (folder / "train.jsonl").exists()


def test_a_rejected_row_without_a_question_is_shown_as_it_stands(data):
    lines = [
        {
            "source": "s",
            "place": "1",
            "reason": "ragged_row",
            "detail": "",
            "question": "",
            "answer": "",
            "text": "un;<b>deux",
        }
    ]
    (data.folder / "rejected.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data.manifest["counts"]["by_reason"] = {"ragged_row": 1}
    draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    assert "<p>un;&lt;b&gt;deux</p>" in (data.folder / "atlas.html").read_text(encoding="utf-8")


def test_rejections_with_examples(atlas, data):
    [one] = rejections_of(PreparedSet.open(atlas), seed=0, most=700)
    assert (one["reason"], one["count"], len(one["examples"])) == ("empty_answer", 1, 1)
    lines = [{"source": "s", "place": str(n), "reason": "short_answer", "detail": ""} for n in range(50)]
    (data.folder / "rejected.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data.manifest["counts"]["by_reason"] = {"short_answer": 50, "a_reason_of_tomorrow": 2}
    first, second = rejections_of(data, seed=0, most=700)
    assert len(first["examples"]) == 3 and first["words"] == "réponse trop courte"
    assert (
        rejections_of(data, seed=1, most=700)[0]["examples"]
        != first["examples"]
        == rejections_of(data, seed=0, most=700)[0]["examples"]
    )
    assert (second["words"], second["examples"]) == ("a_reason_of_tomorrow", [])


def test_what_prepare_noted_is_shown(tmp_path):
    """A mixture with weights: languages, masks, duplicates, leak and terms stand on the page as in the manifest."""
    source = tmp_path / "faq.csv"
    source.write_text("question,answer\n" + "".join(f"Où est le colis {n} ?,Écrivez à a{n}@exemple.fr pour le colis {n}.\n"
                                                    for n in range(9)) + "Où est le colis 1 ?,Écrivez à a1@exemple.fr pour le colis 1.\n", encoding="utf-8")  # fmt: skip
    config = PrepareConfig(
        sources=("embedded:boutique_accueil", f"{source}:2"),
        out=tmp_path / "mix",
        show_leak=True,
        shares=Shares(0.6, 0.2, 0.2),
    )
    data = PreparedSet.open(prepare(config))
    value = draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    text = Page(read(data.folder)[1]).text.replace("\N{NO-BREAK SPACE}", " ")
    assert value["terms"] == data.manifest["terms"] and value["leak"] == data.manifest["leak"]
    told = {title: dict(rows) for title, rows in (*notes_of(value), terms_of(value))}
    assert all(cell.replace("\N{NO-BREAK SPACE}", " ") in text.replace("\N{NO-BREAK SPACE}", " ")
               for rows in told.values() for pair in rows.items() for cell in pair)  # fmt: skip
    assert any("adresses électroniques" in name for name in told["Ce que le nettoyage a vu"])
    assert any(name.startswith("doublon exact") for name in told["Où seraient allés les doublons, sans ce tri"])
    assert set(told["Lignes de test presque identiques à une ligne de train"]) == {
        "découpage par groupes (celui de ce jeu)", "les mêmes dialogues tirés au sort, pour comparer",
    }  # fmt: skip
    conditions = next(rows for title, rows in told.items() if title.startswith("Conditions"))
    assert conditions["Redistribution"] == "inconnu"  # the file's licence is not known
    assert f"Train compte {value['counts']['copies']} copies" in text and value["counts"]["copies"] > 0
    older = {key: item for key, item in value.items() if key not in NOTED}
    assert notes_of(older) == [] and terms_of(older) is None


def test_a_set_of_one(tmp_path):
    data = prepared_in(tmp_path, [("Où ?", "Ici même.")], (1, 0, 0))
    value = draw_atlas(AtlasRequest(data=data, tokens=WORDS), data.folder)
    assert value["words"]["parts"][0]["dialogues"] == 1 and value["lengths"]["few"]
    assert len(list(Sample.drawn(data, seed=0).few(6, 0))) == 1


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_text_and_of_words_in_clouds():
    """WCAG 2.2, 1.4.3: 4.5 to 1, by day and by night, in the page and on white."""
    style = (Path(look.__file__).parent / "page.css").read_text(encoding="utf-8")
    day, night = (dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split("@media")[:2])
    assert [day[f"c{n}"] for n in range(1, 5)] == list(look.SHADES["count"])
    assert [day[f"t{n}"] for n in range(1, 5)] == list(look.SHADES["tfidf"])
    for colours in (day, night):
        for name in ("ink", "quiet", "teal", "warm", *(f"{hue}{n}" for hue in "ct" for n in range(1, 5))):
            assert contrast(colours[name], colours["card"]) >= 4.5, (name, colours[name])
        assert contrast(colours["ink"], colours["paper"]) >= 4.5 and contrast(colours["quiet"], colours["soft"]) >= 4.5
        assert contrast(colours["learnt-ink"], colours["learnt"]) >= 4.5
        assert contrast(colours["card"], colours["teal"]) >= 4.5  # a question's bubble
    for shades in look.SHADES.values():
        assert all(contrast(shade, "#ffffff") >= 4.5 for shade in shades)


def test_a_rejected_row_is_shown_whole_but_never_at_length(data):
    """Cells too many are what explains a ragged row; five texts of 20,000 characters would be most of the page."""
    lines = [
        {"source": "s", "place": "1", "reason": "ragged_row", "detail": "4 ≠ 2", "question": "a", "answer": "b", "text": "a;b;c;d"},
        {"source": "s", "place": "2", "reason": "long_answer", "detail": "", "question": "q", "answer": "x" * 20_000},
    ]  # fmt: skip
    (data.folder / "rejected.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    data.manifest["counts"]["by_reason"] = {"ragged_row": 1, "long_answer": 1}
    ragged, long = (one["examples"][0] for one in rejections_of(data, seed=0, most=700))
    assert ragged["text"] == "a;b;c;d" and "question" not in ragged
    assert long["answer"] == "x" * 700 + "…" and long["question"] == "q"
