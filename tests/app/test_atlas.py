"""`causette inspect`: the atlas by its options, its tokens those of training, and its page in a real browser."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.main import main
from app.tokens import lengths_of, masked_tokens
from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.encoding import encode_segments
from chatbot.model import context_of, load_tokenizer, needs_keras
from chatbot.template import TEMPLATES
from chatbot.tokenizer import SentencePieceTokenizer

NASTY = "<script>document.title = 'taken'</script><img src='http://127.0.0.1:9/x.png' onerror='document.title = 1'>"
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def faq(tmp_path_factory):
    """A prepared set of eleven dialogues, one of them longer than a context of 128, one full of markup."""
    folder = tmp_path_factory.mktemp("faq")
    rows = [f"Où est la commande numéro {n} ?;Elle est expédiée le {n}." for n in range(9)]
    rows += [f"{NASTY} ?;Voici : {NASTY}", "Un long texte ?;" + "mot " * 300]
    (folder / "faq.csv").write_text("question;réponse\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert main(["prepare", str(folder / "faq.csv"), "--out", str(folder / "set"), "--shares", "1,0,0"]) == 0
    return folder / "set"


@pytest.fixture(scope="module")
def drawn(faq, tiny_preset, tmp_path_factory):
    out = tmp_path_factory.mktemp("atlas")
    assert main(["inspect", str(faq), "--model", str(tiny_preset), "--out", str(out)]) == 0
    return out


def numbers(folder: Path) -> dict:
    return json.loads((folder / "atlas.json").read_text(encoding="utf-8"))


def test_findings_and_page_are_told(faq, tiny_preset, tmp_path, capsys):
    words = ["inspect", str(faq), "--model", str(tiny_preset), "--out", str(tmp_path / "new" / "atlas")]
    assert main(words) == 0
    told = capsys.readouterr()
    page = tmp_path / "new" / "atlas" / "atlas.html"
    assert f"Atlas{NBSP}: {page}\n" in told.out and page.exists()
    over = numbers(page.parent)["lengths"]["dialogue"]["over"]
    assert f"(128){NBSP}: {over} dialogue" in told.out and "11 dialogues" in told.out and "nuages" in told.err
    assert "⟦" in told.out and told.out.index("⟦") < told.out.index("11 dialogues")
    assert not (faq / "atlas.html").exists()
    assert str(tiny_preset) not in page.read_text(encoding="utf-8") + told.out  # an atlas is passed on: no path of here


def test_by_default_it_lies_in_the_set_and_json_is_one_object(faq, tiny_preset, tmp_path, capsys):
    folder = tmp_path / "set"
    shutil.copytree(faq, folder)
    assert main(["inspect", str(folder), "--model", str(tiny_preset), "--json"]) == 0
    [line] = capsys.readouterr().out.strip().splitlines()
    value = json.loads(line)
    assert value["atlas"]["page"] == str(folder / "atlas.html") and (folder / "atlas.html").exists()
    assert value["atlas"]["lengths"] == numbers(folder)["lengths"] and value["tokens"]
    assert main(["prepare", "embedded:hub", "--out", str(folder), "--replace"]) == 0
    assert not (folder / "atlas.html").exists()  # a set prepared anew has no atlas of the one before


def test_the_row_asked_for_is_on_the_page(drawn, faq, tiny_preset, tmp_path):
    assert numbers(drawn)["tokens"][0]["id"] == "faq-1"
    assert main(["inspect", str(faq), "--model", str(tiny_preset), "--out", str(tmp_path), "--row", "4"]) == 0
    assert numbers(tmp_path)["tokens"][0]["id"] == "faq-5"


def test_seed_against_and_language_have_an_effect(drawn, faq, tiny_preset, tmp_path, capsys):
    other = tmp_path / "other"
    assert main(["prepare", "embedded:hub", "--out", str(other)]) == 0
    call = ["inspect", str(faq), "--model", str(tiny_preset), "--out", str(tmp_path / "atlas"), "--seed", "4"]
    assert main([*call, "--against", str(other), "--lang", "en"]) == 0
    assert "Telling words: set (" in capsys.readouterr().out
    before, after = numbers(drawn), numbers(tmp_path / "atlas")
    assert [s["id"] for s in before["samples"]] != [s["id"] for s in after["samples"]]
    assert [one["names"] for one in after["contrasts"]][-1] == ["set", "other"]
    assert after["language"] == "en" and before["language"] == "fr"


def test_no_atlas_and_what_makes_no_sense_with_it(faq, tiny_preset, tmp_path, capsys):
    call = ["inspect", str(faq), "--model", str(tiny_preset), "--no-atlas"]
    assert main(call) == 0
    assert "⟦" in capsys.readouterr().out and not (faq / "atlas.html").exists()
    assert main([*call, "--out", str(tmp_path), "--open"]) == 2
    assert f"--out, --open{NBSP}: sans effet avec --no-atlas" in capsys.readouterr().err


def test_wrong_folders_are_told_before_anything_is_drawn(faq, tiny_preset, tmp_path, capsys):
    call = ["inspect", str(faq), "--model", str(tiny_preset)]
    assert main([*call, "--against", str(tmp_path)]) == 2
    assert "ce n'est pas un jeu préparé" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([*call, "--out", str(tmp_path / "file")]) == 2
    assert "Choisissez un autre --out" in capsys.readouterr().err


def test_open_opens_the_page(faq, tiny_preset, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert main(["inspect", str(faq), "--model", str(tiny_preset), "--out", str(tmp_path), "--open"]) == 0
    assert opened == [(tmp_path / "atlas.html").resolve().as_uri()]


DIALOGUES = [
    Dialogue.of_pair("Où ?", "Ici même, à l'école 🎉.", id="1", source="s", group="1"),
    Dialogue.of_pair("Résume.", "Oui.", context="Un texte\n\nlong", id="2", source="s", group="2"),
    Dialogue(id="3", source="s", group="3", messages=(Message(role="system", content="Poli."), user("Un ?"),
             assistant("Deux."), user("Trois ?"), assistant("Quatre."))),
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_lengths_are_those_of_training(name, tiny_tokenizer):
    template = TEMPLATES[name]
    expected = [encode_segments(tiny_tokenizer, template.render(dialogue)) for dialogue in DIALOGUES]
    lengths = lengths_of(DIALOGUES, template, tiny_tokenizer)
    assert [(one.read, one.learnt) for one in lengths] == [(len(ids) - 1, sum(flags)) for ids, flags in expected]
    assert [len(masked_tokens(one, template, tiny_tokenizer)) for one in DIALOGUES] == [x.read + 1 for x in lengths]


def test_lengths_with_a_start_token(tmp_path):
    """SentencePiece puts a blank and a start token before a beginning, and not elsewhere."""
    import io

    import sentencepiece

    model = io.BytesIO()
    texts = iter(["Où est l'école ?", "Un texte long.", "Résume.", "Poli, deux, trois, quatre."] * 8)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=texts, model_writer=model, vocab_size=300, byte_fallback=True, minloglevel=2,
        hard_vocab_limit=False,
    )  # fmt: skip
    tokenizer = SentencePieceTokenizer(model.getvalue())
    template = TEMPLATES["llama2"]
    expected = [encode_segments(tokenizer, template.render(dialogue)) for dialogue in DIALOGUES]
    assert [(x.read, x.learnt) for x in lengths_of(DIALOGUES, template, tokenizer)] == [
        (len(ids) - 1, sum(flags)) for ids, flags in expected
    ]


def test_what_is_over_the_limit_is_what_training_cuts(drawn, faq, tiny_tokenizer):
    from datasets_prep.prepared import PreparedSet
    from training.packing import cut_to, encode

    encoded = encode(PreparedSet.open(faq).split("train"), TEMPLATES["human_assistant"], tiny_tokenizer)
    lengths = numbers(drawn)["lengths"]
    assert lengths["limit"] == 128 and lengths["dialogue"]["over"] == cut_to(encoded, 128)[1] > 0


def test_tokenizer_and_context_without_keras(tiny_model):
    """The same tokens and the same context as the model that Keras loads."""
    folder = str(tiny_model.folder)
    assert not needs_keras(folder) and not needs_keras("mini")
    tokenizer, _ = load_tokenizer(folder)
    assert tokenizer.vocabulary == tiny_model.tokenizer.vocabulary and tokenizer.merges == tiny_model.tokenizer.merges
    assert tokenizer.end_id == tiny_model.tokenizer.end_id and context_of(folder) == tiny_model.context == 128
    assert context_of("mini") == 512


def test_inspect_imports_no_keras(faq):
    code = (
        f"import sys; from app.main import main; main(['inspect', {str(faq)!r}, '--no-atlas'])\n"
        "sys.exit('keras was loaded' if 'keras' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "⟦" in done.stdout, done.stderr


@pytest.mark.parametrize("command", [["inspect"], ["data", "licences"], ["data", "tfds", "--out", "tfds"]])
def test_a_manifest_changed_by_hand_is_told_in_two_lines(command, faq, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(faq, "set")
    manifest = json.loads(Path("set/manifest.json").read_text(encoding="utf-8"))
    manifest["sources"] = "faq"
    Path("set/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert main([*command, "set"]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 2 and "manifest.json" in told[0] and "sources" in told[0] and "--replace" in told[1]


def test_rejected_rows_changed_by_hand_are_told(faq, tmp_path, tiny_preset, capsys):
    folder = tmp_path / "set"
    shutil.copytree(faq, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["counts"]["by_reason"] = {"a_reason_of_tomorrow": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "rejected.jsonl").write_text('["pas un objet"]\n', encoding="utf-8")
    assert main(["inspect", str(folder), "--model", str(tiny_preset)]) == 2
    assert f"rejected.jsonl, ligne 1{NBSP}: ce n'est plus une ligne rejetée" in capsys.readouterr().err


def test_against_a_table_tells_how_to_prepare_it(faq, tmp_path, tiny_preset, capsys):
    (tmp_path / "faq.csv").write_text("question,answer\n", encoding="utf-8")
    assert main(["inspect", str(faq), "--model", str(tiny_preset), "--against", str(tmp_path / "faq.csv")]) == 2
    told = capsys.readouterr().err
    assert "c'est un fichier" in told and f"causette prepare {tmp_path / 'faq.csv'} --out data/faq" in told


def test_a_model_that_is_not_there_is_told_before_keras_is_loaded(faq):
    code = (
        f"import sys; from app.main import main; status = main(['inspect', {str(faq)!r}, '--model', 'nimporte'])\n"
        "sys.exit('a backend was loaded' if {'keras_hub', 'tensorflow', 'jax'} & set(sys.modules) else status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 2
    assert done.stderr.startswith("nimporte") and "ni dossier, ni modèle connu" in done.stderr


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366])
def test_the_page_in_a_browser(drawn, browser, scheme, width):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
    tab, asked, said = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    address = (drawn / "atlas.html").as_uri()
    tab.goto(address)
    tab.evaluate("document.fonts.ready")
    assert [url for url in asked if not url.startswith("data:")] == [address] and said == []
    assert tab.title() == "Atlas du jeu set" and tab.locator("main script, main img").count() == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.fonts.check('20px Cloud')")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(12, 26, 29)") == (scheme == "dark")
    heights = tab.evaluate(
        "[...document.querySelectorAll('.bars i.over')].map(bar => bar.getBoundingClientRect().height)"
    )
    assert max(heights) > 5  # the long dialogue is drawn, in the colour of what does not fit
    limit, bars = (tab.locator(selector).first.bounding_box() for selector in (".limit", ".bars i.over"))
    assert limit["x"] <= bars["x"] + 1
    out_of_frame = tab.evaluate("""() => [...document.querySelectorAll('svg.cloud')].map(cloud => {
        const boxes = [...cloud.querySelectorAll('text')].map(text => text.getBoundingClientRect());
        const frame = cloud.getBoundingClientRect();
        return boxes.filter(box => box.right > frame.right + 2 || box.left < frame.left - 2).length; })""")
    assert out_of_frame and not any(out_of_frame)
    context.close()
