"""`causette serve`: what it puts on the page, whom it lets in, what it says, and the reasoning layer that it chooses."""

import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from app import serving as serving_module
from app.feedback.serving import Feedback, feedback_for
from app.main import main
from app.output import Output
from app.page.serve import tabs_of
from app.page_content import content_of
from app.reasoning import Reasoning, data_of, reasoning_for
from app.serving import NEAR, Serving, checked_switches, protection_of, serve_model, told
from chatbot.dialogue import user
from chatbot.errors import InputError
from chatbot.language import set_language, speaking
from chatbot.model import load_model
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from datasets_prep.prepared import PreparedSet
from tests.app.exhibited import compared, prepared, trained
from tests.app.votes import Parrot

SAMPLING = Sampling(max_new_tokens=12)
QUESTION = "Où est la commande numéro 5 ?"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("serving")


@pytest.fixture(scope="module")
def data(place):
    return prepared(place)


@pytest.fixture(scope="module")
def run(place, data, tiny_preset):
    run = trained(place, tiny_preset, data, base=str(tiny_preset))
    compared(run, data)
    return run


@pytest.fixture
def copied(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


class Said(Output):
    """What would stand on the terminal."""

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "lines", [])

    def say(self, text):
        self.lines.append(text.replace("\N{NO-BREAK SPACE}", " "))

    def warn(self, text):
        self.say(text)

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture
def served(tmp_path):
    """What a page would hold, without any server."""
    with ExitStack() as stack:

        def content(model, **more):
            options = {"sampling": SAMPLING, "tuned": tmp_path / "page", **more}
            name = Path(model).name if model else "ailleurs"
            return content_of(Serving(model=model, **options), Parrot(name=name), Output(), stack)

        yield content


def tabs(content):
    return [name for name, *_ in tabs_of(content)]


# -- what stands on the page -----------------------------------------------------------------------------------------


def test_a_run_has_every_tab_and_its_generic_model(served, run, tiny_preset, data):
    content = served(str(run), feedback=feedback_for(str(run), user_test=True))
    assert tabs(content) == ["chat", "compare", "user_test", "data", "training", "about"]
    assert content.models.names == ["faq", "tiny (générique)"] and not content.models.is_ready("tiny (générique)")
    assert list(content.tuning.jobs.bases) == ["mini", "tiny"]
    assert content.dialogues and content.atlas and content.opinions and content.upload > 0
    held_out = {dialogue.question for dialogue in PreparedSet.open(data).split("validation")}
    assert len(content.examples) == 4 and set(content.examples[2:]) <= held_out


def test_a_model_that_was_trained_on_the_page_comes_to_the_shelf(served, run, tiny_preset):
    content = served(str(run))
    content.tuning.on_ready("essai-1", tiny_preset)
    assert content.models.names == ["faq", "tiny (générique)", "essai-1"]


def test_the_generic_model_is_named_in_the_language_of_the_start(served, run):
    with speaking("en"):
        assert served(str(run)).models.names[1] == "tiny (generic)"


def test_what_is_no_run_has_less(served, tiny_preset):
    content = served(str(tiny_preset))
    assert tabs(content) == ["chat", "data", "training", "about"]
    assert content.models.names == ["tiny"] and content.exhibits.data is None and content.examples == []
    elsewhere = served(None)
    assert tabs(elsewhere) == ["chat", "training"] and elsewhere.models.names == ["ailleurs"]


def test_one_page_at_a_time_trains_in_a_folder(served, run):
    first, second = served(str(run)), served(str(run))
    assert first.tuning.jobs and second.tuning.jobs is None
    assert second.tuning.why() and second.upload == 0


# -- who may train, by which names it is called ----------------------------------------------------------------------

ACCOUNTS = Path("accounts.yaml")
CLOSED_BY_ORDER, CLOSED_TO_STRANGERS = "--no-tune", "sans mot de passe"
TRAINS = {
    "near": ({}, True, ""),
    "near, by name": ({"host": "localhost"}, True, ""),
    "near, IPv6": ({"host": "::1"}, True, ""),
    "far": ({"host": "0.0.0.0"}, False, CLOSED_TO_STRANGERS),
    "behind a proxy": ({"behind_proxy": True}, False, CLOSED_TO_STRANGERS),
    "far, with a password": ({"host": "0.0.0.0", "accounts": ACCOUNTS}, True, ""),
    "behind a proxy, with a password": ({"behind_proxy": True, "accounts": ACCOUNTS}, True, ""),
    "far, allowed": ({"host": "0.0.0.0", "tune": True}, True, ""),
    "near, forbidden": ({"tune": False}, False, CLOSED_BY_ORDER),
    "with a password, forbidden": ({"accounts": ACCOUNTS, "tune": False}, False, CLOSED_BY_ORDER),
}


@pytest.mark.parametrize("case", TRAINS)
def test_who_may_train(case, served, tiny_preset):
    options, expected, why = TRAINS[case]
    assert Serving(model="mini", sampling=SAMPLING, **options).trains is expected
    content = served(str(tiny_preset), **options)
    assert (content.tuning.jobs is not None) is expected and (content.upload > 0) is expected
    assert why in content.tuning.why()
    if why:
        with speaking("en"):  # asked for when it is shown: each page says it in its language
            assert "training" in content.tuning.why().lower() and "entraîn" not in content.tuning.why()


@pytest.mark.parametrize("options", [{}, {"host": "0.0.0.0"}, {"behind_proxy": True}], ids=["near", "far", "proxy"])
def test_only_a_page_of_this_machine_answers_to_its_names_alone(options):
    """A page from elsewhere whose name suddenly leads here is refused; one for others may be called by any name."""
    protection = protection_of(Serving(model="mini", sampling=SAMPLING, rate=7, **options))
    assert tuple(protection.hosts) == (() if options else NEAR)
    assert protection.rate == 7 and protection.behind_proxy is bool(options.get("behind_proxy"))
    assert protection.accounts is None and not protection.api


def test_a_missing_or_empty_file_of_accounts_stops_the_start(tmp_path):
    with pytest.raises(InputError, match="personne"):
        protection_of(Serving(model="mini", sampling=SAMPLING, accounts=tmp_path / "personne"))


def test_the_key_of_the_api_is_known_to_the_protection():
    for key, expected in ((None, (False, False)), ("", (True, False)), ("secret", (True, True))):
        protection = protection_of(Serving(model="mini", sampling=SAMPLING, api_key=key))
        assert (protection.api, protection.api_has_key) == expected


@pytest.mark.parametrize(
    ("switches", "expected"), [((False, False), None), ((True, False), True), ((False, True), False)]
)
def test_the_switches_of_training(switches, expected):
    assert checked_switches(*switches) is expected


WRONG = {
    "both switches": (["--tune", "--no-tune"], "--tune et --no-tune se contredisent"),
    "votes and none": (["--no-feedback", "--user-test"], "--no-feedback et --user-test se contredisent"),
    "an API of elsewhere": (["--api", "--engine", "openai", "--base-url", "http://127.0.0.1:9/v1"], "--api : sans effet"),
    "no such domain": (["--domain", "nulle-part"], "nulle-part"),
    "no such file": (["--domain", "nulle-part.yaml"], "nulle-part.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_are_told_before_anything_is_loaded(case, capsys, monkeypatch):
    monkeypatch.setattr(serving_module, "serve_model", lambda *_: pytest.fail("served"))
    words, reason = WRONG[case]
    assert main(["serve", *words]) == 2
    captured = capsys.readouterr()
    assert reason in captured.err.replace("\N{NO-BREAK SPACE}", " ") and captured.out == ""
    assert len(captured.err.strip().splitlines()) <= 3


# -- what is told ----------------------------------------------------------------------------------------------------


def lines_of(**options):
    return [line.replace("\N{NO-BREAK SPACE}", " ")
            for line in told(Serving(model="mini", sampling=SAMPLING, **options), Parrot(name="mini"), "http://x/")]  # fmt: skip


def test_what_is_told_ends_with_the_address(run):
    assert lines_of() == ["La page est prête : http://x/  (Ctrl-C pour arrêter)"]
    open_to_all = lines_of(host="0.0.0.0")
    assert len(open_to_all) == 2 and "sans mot de passe : --auth" in open_to_all[0]
    assert lines_of(behind_proxy=True) == open_to_all and lines_of(host="0.0.0.0", accounts=ACCOUNTS) == lines_of()
    free, locked = lines_of(api_key=""), lines_of(api_key="secret")
    assert "http://x/v1" in free[0] and "sans clé" in free[0] and "clé demandée" in locked[0]
    assert "secret" not in "".join(locked)
    asked = lines_of(feedback=feedback_for(str(run), user_test=True))
    assert asked[0].startswith("Test à l'aveugle") and asked[1].startswith("Avis sur les réponses") and len(asked) == 3


# -- the whole -------------------------------------------------------------------------------------------------------


class Visit(Said):
    """Looks at the page as soon as it is said to be ready, then presses Ctrl-C."""

    def __init__(self, look):
        super().__init__()
        object.__setattr__(self, "look", look)

    def say(self, text):
        super().say(text)
        if "La page est prête" in text:
            self.look(self.lines[-1].split(" : ")[1].split()[0])
            raise KeyboardInterrupt


def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def test_a_model_is_served_by_a_process_of_its_own_until_ctrl_c(run, tmp_path, monkeypatch):
    """Page in both languages, API beside it, nothing else; in the end nothing is left."""
    asked = {}

    def look(address):
        body = json.dumps({"messages": [{"role": "user", "content": QUESTION}], "model": "faq"}).encode()
        request = Request(address + "v1/chat/completions", body, {"content-type": "application/json"})
        asked["answer"] = json.loads(urlopen(request).read())["choices"][0]["message"]["content"]
        asked["pages"] = [urlopen(address + path).read().decode() for path in ("", "en/")]
        asked["address"], asked["children"] = address, children()
        for path in ("config", "docs", "gradio_api/info", "en/config"):
            with pytest.raises(HTTPError) as refused:
                urlopen(address + path)
            assert refused.value.code == 404, path

    serving = Serving(
        model=str(run), weights="int8", sampling=SAMPLING, port=0, api_key="", tuned=tmp_path / "page",
        reasoning=reasoning_for(None, str(run), Said()),
    )  # fmt: skip
    before, output = children(), Visit(look)
    serve_model(serving, output)
    assert f"{run} : chargement…" in output.lines and "modèle « faq »" in output.text
    assert "Posez une question" in asked["pages"][0] and "Ask a question" in asked["pages"][1]
    assert "Entraînement" in asked["pages"][0] and "Training" in asked["pages"][1]
    expected = ChatModel(load_model(str(run)), "int8").reply([user(QUESTION)], SAMPLING).text()
    assert asked["answer"].strip() == expected.strip()
    assert len(asked["children"].split()) > len(before.split()) and children() == before
    with pytest.raises(OSError):
        urlopen(asked["address"])


# -- the reasoning layer ---------------------------------------------------------------------------------------------


def with_sources(run, *sources):
    """The run, its data said to come from there."""
    manifest = json.loads((run / "data_manifest.json").read_text(encoding="utf-8"))
    manifest["sources"] = [dict(zip(("name", "part"), source.split(":"), strict=False)) for source in sources]
    (run / "data_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return str(run)


BY_DATA = {
    "boutique": (["embedded:boutique_commande", "embedded:boutique_retour"], "boutique"),
    "cours": (["embedded:tokenisation"], "cours"),
    "sante": (["medquad"], "sante"),
    "marches_publics": (["code_marches_publics_2006.pdf"], "marches_publics"),
    "mixed": (["medquad", "embedded:boutique_commande"], "general"),
    "unknown": (["faq.csv"], "general"),
    "none": ([], "general"),
}


@pytest.mark.parametrize("case", BY_DATA)
def test_the_domain_follows_the_data(case, copied):
    sources, domain = BY_DATA[case]
    output = Said()
    reasoning = reasoning_for(None, with_sources(copied, *sources), output)
    title = Reasoning(domain).domain.title
    assert reasoning.domain.title == title
    assert output.lines[0].startswith(f"Domaine : {title.said('fr')}") and "--domain aucun" in output.lines[0]
    assert ("d'après les données" in output.text) == (domain != "general")


def test_an_option_goes_before_the_data(copied, tmp_path):
    run, output = with_sources(copied, "medquad"), Said()
    shop = reasoning_for("boutique", run, output)
    assert shop.domain.title == Reasoning("boutique").domain.title and "d'après les données" not in output.text
    own = tmp_path / "clinique.yaml"
    own.write_text("title: {fr: Ma clinique, en: My clinic}\nlanguages: [fr, en]\n"
                   "rules: [{name: tout, approach: model}]\n", encoding="utf-8")  # fmt: skip
    set_language("en")
    assert reasoning_for(str(own), run, output).domain.title.said("fr") == "Ma clinique"
    assert output.lines[-1].startswith("Domain: My clinic (--domain")
    set_language("fr")
    for word in ("aucun", "none", "Aucun"):
        lines = len(output.lines)
        assert reasoning_for(word, run, output) is None and len(output.lines) == lines


@pytest.mark.parametrize("command", ["chat", "serve"])
def test_a_domain_with_an_error_is_told_with_its_line(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(serving_module, "serve_model", lambda *_: pytest.fail("served"))
    wrong = tmp_path / "faux.yaml"
    wrong.write_text("title: {fr: Faux, en: Wrong}\nlanguages: [fr, en]\nrules:\n  - {name: x, approach: magie}\n", encoding="utf-8")  # fmt: skip
    assert main([command, "mini", "--domain", str(wrong)]) == 2
    captured = capsys.readouterr()
    said = captured.err.replace("\N{NO-BREAK SPACE}", " ")
    assert "faux.yaml" in said and "ligne 4" in said and "magie" in said and captured.out == ""


def test_sources_are_of_the_training_split_alone(run, data):
    """What the model is measured on is shown to nobody."""
    reasoning = reasoning_for(None, str(run), Said())
    sources, options = reasoning._sources, reasoning.domain.sources
    assert sources.ready(None)
    splits = {name: list(PreparedSet.open(data).split(name)) for name in ("train", "validation", "test")}
    learnt = {dialogue.answer for dialogue in splits["train"]}
    for dialogue in [each for dialogues in splits.values() for each in dialogues]:
        near = sources.near(dialogue.question, options)
        assert {source.text for source in near} <= learnt
    held_out = [d for name in ("validation", "test") for d in splits[name] if d.answer not in learnt]
    assert held_out  # or nothing was tested
    assert sources.near(splits["train"][0].question, options)[0].origin == "faq, ligne 1"


def test_without_the_set_there_are_no_sources_and_no_fuss(copied, tiny_preset, data):
    config = (copied / "config.yaml").read_text(encoding="utf-8")
    (copied / "config.yaml").write_text(config.replace(str(data), str(data) + "-parti"), encoding="utf-8")
    assert data_of(str(copied))[1] is None and data_of(str(copied))[0]["sources"]
    for model in (str(copied), str(tiny_preset), "mini", None):
        output = Said()
        assert reasoning_for(None, model, output)._sources is None and len(output.lines) == 1


def test_a_damaged_run_is_talked_to_all_the_same(copied):
    (copied / "data_manifest.json").write_text("{", encoding="utf-8")
    assert data_of(str(copied)) == ({}, None)
    assert reasoning_for(None, str(copied), Said()).domain.title == Reasoning("general").domain.title


def test_a_model_of_another_subject_is_given_the_general_layer(served, run, tiny_preset):
    """A reader's own data have nothing to do with the run's domain, nor with its sources."""
    content = served(str(run), reasoning=reasoning_for("boutique", str(run), Said()))
    content.tuning.on_ready("essai-1", tiny_preset)
    layers = {name: content.reason(Parrot(), name) for name in content.models.names}
    titles = {name: layer.domain.title.said("fr") for name, layer in layers.items()}
    assert list(titles.values()) == [
        Reasoning(name).domain.title.said("fr") for name in ("boutique", "boutique", "general")
    ]
    assert [layer.sources is not None for layer in layers.values()] == [True, True, False]
    assert served(str(run)).reason is None


def test_who_has_a_password_can_leave(served, run):
    assert served(str(run), accounts=ACCOUNTS).logout and not served(str(run)).logout


def test_the_layer_is_learnt_once_and_shared_by_all_models():
    reasoning = Reasoning("boutique")
    first, second = reasoning(Parrot(name="a")), reasoning(Parrot(name="b"))
    assert (first.name, second.name) == ("a", "b") and first._themes is second._themes


def test_feedback_is_asked_for_unless_it_is_off(served, run):
    assert served(str(run), feedback=feedback_for(str(run))).opinions
    assert served(str(run), feedback=feedback_for(str(run), off=True)).opinions is None
    assert Feedback().opinions is None
