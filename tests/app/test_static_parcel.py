"""What a static Space is sent: the page, the model, the header that the Hub reads."""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass, replace

import pytest
import yaml

from app.hub import static_parcel as parcels
from app.hub import static_public
from app.hub.pushed import Pushed
from app.hub.space_shown import none_shown
from app.hub.static_card import licence, static_card
from app.hub.static_parcel import PAGE, RUNTIME, static_parcel
from app.main import main
from app.output import Output
from app.page import look
from app.page.exhibits import Said
from app.page.trained import AboutExhibit
from chatbot.errors import InputError
from chatbot.language import set_language
from chatbot.model import load_model
from chatbot.template import MISTRAL
from tests.app.exhibited import prepared, trained


@pytest.fixture
def model(tiny_preset):
    return tiny_preset


def test_the_parcel_is_whole_and_its_header_is_what_the_hub_reads(model):
    said = []
    made = static_parcel(str(model), repo="zoe/page", title="Boutique", say=said.append)
    content = {each.path: each for each in made.items}
    assert made.kind == "space" and any("jetons" in line or "Mo" in line for line in said)
    head, text = content["README.md"].source.decode().split("---\n", 2)[1:]
    header = yaml.safe_load(head)
    assert (header["sdk"], header["app_file"], header["title"]) == ("static", "index.html", "Boutique")
    assert len(header["short_description"]) <= 60 and header["license"] == "other" and "models" not in header
    assert "zoe/page" in text and "navigateur" in text
    facts = json.loads(content["facts.json"].source)
    for file in facts["files"].values():
        assert (file["bytes"], file["sha256"]) == (content[file["path"]].size, content[file["path"]].sha256)
    assert facts["weights"] == "int8" and facts["files"]["model"]["path"] == "model/model_quantized.onnx"
    written = b"".join(each.source for each in made.items if isinstance(each.source, bytes))
    assert str(model.parent).encode() not in written  # no path of this machine
    set_language("en")
    assert "browser" in static_parcel(str(model), repo="a/b", title="T", say=print).items[0].source.decode()


def test_questions_of_data_that_may_not_be_passed_on_are_not_published(tiny_preset, tmp_path):
    said, free = [], tmp_path / "data" / "free"
    closed = trained(tmp_path, tiny_preset, prepared(tmp_path), name="closed")
    made = static_parcel(str(closed), repo="zoe/page", title="T", say=said.append)
    facts = next(each.source for each in made.items if each.path == "facts.json")
    assert json.loads(facts)["examples"] == [] and "commande" not in facts.decode()
    assert none_shown() in said
    assert main(["prepare", "embedded:boutique_commande", "--out", str(free)]) == 0
    made = static_parcel(
        str(trained(tmp_path, tiny_preset, free, name="free")), repo="zoe/page", title="T", say=said.append
    )
    assert len(json.loads(next(each.source for each in made.items if each.path == "facts.json"))["examples"]) == 4


def test_its_card_takes_names_as_text_and_claims_no_licence_that_is_not_known():
    about = AboutExhibit(
        name="faq", base="b\n# Faux", attributions=("Zoé\n\n# Faux titre <img src=x>",), card_of="mini"
    )
    text = static_card(title="page", repo="zoe/page", model="", about=about, megabytes=1)
    assert "\n# Faux" not in text and "<img" not in text and "À nommer pour les données\N{NO-BREAK SPACE}: Zoé" in text
    assert "\n;" not in text and " ;" not in text  # a French reader's blank
    apache, cc = Said("Apache-2.0", "Apache-2.0"), Said("CC BY 4.0", "CC BY 4.0")
    of = {
        licences: licence(replace(about, data_licences=licences), False) for licences in ((), (apache,), (apache, cc))
    }
    assert list(of.values()) == ["other", "apache-2.0", "other"]
    assert licence(about, True) == "apache-2.0"
    assert licence(replace(about, card_of="gpt2_base_en", data_licences=(apache,)), False) == "other"


@dataclass(frozen=True, kw_only=True)
class Noted(Pushed):
    """A note that says whether the repository is open to all."""

    public: bool


def sent(monkeypatch, public):
    noted = Noted(repo="zoe/faq", commit="c", tag="v1", date="2026-11-22", public=public)
    for module in (parcels, static_public):
        monkeypatch.setattr(module, "pushed", lambda folder, kind: noted)


@pytest.mark.parametrize("public", [True, False])
def test_a_model_that_was_sent_is_named_in_the_header_where_it_is_public(model, monkeypatch, public):
    assert parcels._repo("hf://zoe/other") == "zoe/other"
    sent(monkeypatch, public)
    made = static_parcel(str(model), repo="zoe/page", title="Boutique", say=print)
    assert ("models:\n- zoe/faq\n" in made.items[0].source.decode()) == public
    facts = json.loads(next(each.source for each in made.items if each.path == "facts.json"))
    assert facts["name"] == "faq"


def test_a_model_that_was_not_sent_has_the_name_of_the_page(model):
    made = static_parcel(str(model), repo="zoe/page", title="Boutique", say=print)
    assert json.loads(next(each.source for each in made.items if each.path == "facts.json"))["name"] == "Boutique"


def test_a_public_page_says_what_it_opens(tiny_preset, tmp_path, monkeypatch, capsys):
    closed = trained(tmp_path, tiny_preset, prepared(tmp_path), name="closed")
    call = ["push", "space", str(closed), "--repo", "zoe/page", "--static", "--dry-run", "--out"]
    sent(monkeypatch, False)
    assert main([*call, str(tmp_path / "private")]) == 0 and "poids" not in capsys.readouterr().err
    assert main([*call, str(tmp_path / "public"), "--public"]) == 0
    told = capsys.readouterr().err
    assert "zoe/faq est privé" in told and "poids entiers" in told and "peuvent garder des textes" in told
    sent(monkeypatch, True)
    static_public.warn_of_opening(str(closed), Output())
    told = capsys.readouterr().err
    assert "poids entiers" not in told and "peuvent garder des textes" in told


def test_a_wrong_folder_is_told_before_keras(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("app.quiet.load_keras", lambda: pytest.fail("Keras"))
    for wrong, words in ((tmp_path / "none", "pas de dossier"), (tmp_path, "n'est pas un modèle")):
        assert main(["push", "space", str(wrong), "--repo", "zoe/page", "--static", "--dry-run"]) == 2
        assert words in capsys.readouterr().err


def test_a_tokenizer_that_the_page_does_not_know_is_refused(model, monkeypatch):
    loaded = load_model(str(model))
    loaded.tokenizer.split = r"\p{L}+"
    monkeypatch.setattr(parcels, "load_model", lambda name: loaded)
    with pytest.raises(InputError, match="tokenizer de GPT-2"):
        static_parcel("tiny", repo="zoe/page", title="Boutique", say=print)
    loaded = replace(load_model(str(model)), template=MISTRAL)
    static_parcel(str(model), repo="zoe/page", title="Boutique", say=print)  # its tokens are mere text here


def test_what_is_taken_from_elsewhere_is_what_the_list_says():
    told = (PAGE / "vendor" / "VENDOR.md").read_text(encoding="utf-8")
    wasm = gzip.decompress((PAGE / RUNTIME).read_bytes())
    script = (PAGE / "vendor" / "ort.wasm.bundle.min.js").read_bytes()
    assert wasm[:4] == b"\0asm"
    for content in (wasm, script):
        assert hashlib.sha256(content).hexdigest() in told
    assert b"MIT License" in (PAGE / "vendor" / "LICENSE").read_bytes()


def test_the_colours_are_those_of_the_page_of_causette():
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    for colour in (look.PAPER, look.CARD, look.NIGHT, look.NIGHT_CARD, look.INK[9], look.INK[6], look.TEAL[6]):
        assert colour in style


def test_every_word_is_in_both_languages():
    text = (PAGE / "words.js").read_text(encoding="utf-8")
    french, english = (re.findall(r"^    (\w+): \"", part, re.M) for part in text.split("  en: {"))
    assert french == english
    used = set(re.findall(r'data-(?:word|name|hint)="(\w+)"', (PAGE / "index.html").read_text(encoding="utf-8")))
    assert used <= set(french) and len(used) > 25


def test_the_command_exports_both_widths(model, tmp_path, capsys):
    out = tmp_path / "onnx"
    assert main(["export", str(model), "--to", "onnx", "--out", str(out)]) == 0
    assert "float32 et int8" in capsys.readouterr().out
    assert {path.name for path in (out / "onnx").iterdir()} == {"model.onnx", "model_quantized.onnx"}
    assert (out / "tokenizer.json").is_file() and (out / "config.json").is_file()
