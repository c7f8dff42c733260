"""How `causette push space` finds its model and sends the Space: revisions, secrets, hardware, a second push."""

import re
import socket
import traceback

import pytest

from app.hub import space_ready
from app.hub.pushed import Pushed, note_pushed
from app.main import main
from chatbot.errors import InputError
from tests.app.exhibited import prepared, trained
from tests.app.space_folder import COMMIT, constants, header, written


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_preset):
    place = tmp_path_factory.mktemp("space")
    return trained(place, tiny_preset, prepared(place))


# -- which model -----------------------------------------------------------------------------------------------------------


def failed(capsys, *call):
    """What a call that is wrong is told."""
    assert main(["push", "space", *map(str, call)]) == 2
    return capsys.readouterr().err


def test_a_model_that_was_never_sent_is_told_how(run, capsys):
    told = failed(capsys, run, "--repo", "zoe/page", "--dry-run")
    assert f"causette push model {run} --repo" in told and "--model" in told


def test_a_folder_that_is_none_is_told(tmp_path, capsys):
    told = failed(capsys, tmp_path / "nothing", "--repo", "zoe/page", "--dry-run", "--model", "zoe/faq")
    assert "pas de dossier de ce nom" in told


def test_the_last_push_of_the_run_is_taken(run, tmp_path):
    note_pushed(run, "model", Pushed(repo="zoe/last", commit=COMMIT, tag="v1", date="2026-11-22"))
    try:
        told = constants(written(run, tmp_path / "out"))
        assert (told["MODEL"], told["REVISION"]) == ("zoe/last", COMMIT)
        other = constants(written(run, tmp_path / "other", "--revision", COMMIT[::-1]))
        assert (other["MODEL"], other["REVISION"]) == ("zoe/last", COMMIT[::-1])
    finally:
        (run / "hub.json").unlink()


def test_a_tag_or_a_branch_becomes_a_commit(hub, run, tmp_path):
    oid = hub.make("model", "zoe/faq", {"config.json": b"{}"}).oid
    hub.repository("model", "zoe/faq").tags["v1"] = oid
    hub.edit("model", "zoe/faq", "config.json", b"{ }", "Later")
    assert constants(written(run, tmp_path / "tag", "--model", "zoe/faq", "--revision", "v1"))["REVISION"] == oid
    last = hub.commits("model", "zoe/faq")[0].oid
    assert constants(written(run, tmp_path / "last", "--model", "zoe/faq"))["REVISION"] == last != oid
    assert constants(written("hf://zoe/faq", tmp_path / "hf"))["MODEL"] == "zoe/faq"


@pytest.mark.parametrize(
    ("files", "revision", "wanted"),
    [
        (None, COMMIT, "pas de modèle de ce nom"),
        ({"config.json": b"{}"}, "v9", "pas de révision v9"),
        ({"adapter/adapter.json": b"{}"}, "main", "que l'adaptateur"),
        ({"data.csv": b"a"}, "main", "config.json y manque"),
    ],
)
def test_a_model_that_the_page_could_not_load_is_refused_before_anything_is_sent(
    hub, run, capsys, files, revision, wanted
):
    if files:
        hub.make("model", "zoe/faq", files)
    told = failed(capsys, run, "--repo", "zoe/page", "--model", "zoe/faq", "--revision", revision)
    assert wanted in told and ("space", "zoe/page") not in hub.repositories


def test_a_hub_that_is_ill_is_told(hub, run, capsys):
    hub.fail(500, path="/api/models/", times=20)
    call = ["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--revision", COMMIT]
    assert main(call) == 1 and "ne répond pas comme attendu" in capsys.readouterr().err


def test_a_hub_that_is_not_reached_is_told(run, capsys, monkeypatch, tmp_path):
    with socket.socket() as taken:  # bound, but nobody answers there
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        call = [
            "push",
            "space",
            str(run),
            "--repo",
            "zoe/page",
            "--model",
            "zoe/faq",
            "--dry-run",
            "--out",
            str(tmp_path),
        ]
        assert main(call) == 1
    assert "ne répond pas comme attendu (ConnectError)" in capsys.readouterr().err


def test_a_hub_that_falls_silent_in_its_answer_is_told(hub, run, capsys, tmp_path):
    hub.make("model", "zoe/faq", {"config.json": b"{}"})
    hub.drop(path="/api/models/", after=10, times=20)
    call = ["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--dry-run", "--out", str(tmp_path)]
    assert main(call) == 1 and "ne répond pas comme attendu" in capsys.readouterr().err


def test_what_a_page_reads_of_an_open_model_is_fetched_ahead(hub, run, tmp_path):
    read = ["config.json", "model_00000.weights.h5", "model.weights.json", "assets/tokenizer/vocabulary.json"]
    unread = ["README.md", "transformers/model.safetensors", "causette/exhibits.json", "a, b.json"]
    oid = hub.make("model", "zoe/faq", dict.fromkeys([*read, *unread], b"{}")).oid
    told = header(written(run, tmp_path / "open", "--model", "zoe/faq"))
    (line,) = told["preload_from_hub"]
    assert line == f"zoe/faq {','.join(sorted(read))} {oid}"
    assert "preload_from_hub" not in header(written(run, tmp_path / "unseen", "--model", "zoe/faq", "--revision", oid))
    hub.make("model", "zoe/faq", {"config.json": b"{}"}, private=True)
    assert "preload_from_hub" not in header(written(run, tmp_path / "private", "--model", "zoe/faq"))
    hub.make("model", "zoe/faq", {"config.json": b"{}"}, gated=True)
    assert "preload_from_hub" not in header(written(run, tmp_path / "gated", "--model", "zoe/faq"))


# -- secrets, hardware, options --------------------------------------------------------------------------------------------


def test_a_private_model_needs_a_token_to_read_it(hub, run, capsys, monkeypatch):
    hub.make("model", "zoe/faq", {"config.json": b"{}"}, private=True)
    told = failed(capsys, run, "--repo", "zoe/page", "--model", "zoe/faq")
    assert "ajoutez à la commande" in told and "--secret HF_TOKEN=JETON_LECTURE" in told and "push space" not in told
    assert ("space", "zoe/page") not in hub.repositories
    monkeypatch.setenv("JETON_LECTURE", "hf_local_read")
    assert main(["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--no-wait",
                 "--secret", "HF_TOKEN=JETON_LECTURE"]) == 0  # fmt: skip
    said = capsys.readouterr()
    assert hub.repository("space", "zoe/page").space.secrets == {"HF_TOKEN": "hf_local_read"}
    assert "hf_local_read" not in said.out + said.err and "sans vous" in said.err
    files = hub.files("space", "zoe/page")
    assert "app.py" in files and not any(b"hf_local" in content for content in files.values())


def test_a_space_that_is_there_keeps_its_secrets_and_takes_new_values(hub, run, capsys, monkeypatch):
    hub.make("model", "zoe/faq", {"config.json": b"{}"}, private=True)
    call = ["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--no-wait"]
    given = ["--secret", "HF_TOKEN=READS", "--secret", "KEY"]
    monkeypatch.setenv("READS", "hf_first_value")
    monkeypatch.setenv("KEY", "key_value")
    assert main([*call, *given]) == 0
    space = hub.repository("space", "zoe/page").space
    assert main(call) == 0 and space.secrets == {"HF_TOKEN": "hf_first_value", "KEY": "key_value"}
    capsys.readouterr()
    monkeypatch.setenv("READS", "hf_other_value")
    hub.cut(method="POST", path="/secrets", after=5)
    monkeypatch.setattr("app.hub.patience.WAITS", (0.0, 0.0))
    assert main([*call, *given]) == 0 and space.secrets == {"HF_TOKEN": "hf_other_value", "KEY": "key_value"}
    said = "".join(capsys.readouterr())
    assert "Secret mis à jour : HF_TOKEN".replace(" :", "\N{NO-BREAK SPACE}:") in said and "nouvel essai" in said
    assert "ne changent pas" not in said and "value" not in said
    hub.fail(403, method="POST", path="/secrets")
    assert main([*call, *given]) == 2 and "403" in capsys.readouterr().err
    (run / "hub.json").unlink()


def test_the_token_that_writes_should_be_no_secret_of_a_space(hub, run, tmp_path, capsys):
    written(run, tmp_path / "out", "--model", "zoe/faq", "--revision", COMMIT, "--secret", "HF_TOKEN")
    said = capsys.readouterr()
    assert "seulement lire suffit" in said.err and hub.token not in said.out + said.err


@pytest.mark.parametrize(
    ("secrets", "wanted"),
    [
        (["NOWHERE"], "NOWHERE est vide"),
        (["KEY=NOWHERE"], "est vide ou absente"),
        (["KEY=HOME", "KEY=HOME"], "deux fois"),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_without_showing_it(run, capsys, secrets, wanted):
    more = [part for each in secrets for part in ("--secret", each)]
    told = failed(capsys, run, "--repo", "zoe/page", "--model", "zoe/faq", "--revision", COMMIT, "--dry-run", *more)
    assert wanted in told.replace("\n", " ")
    assert "KEY=NOWHERE" not in secrets or "NOWHERE" not in told


@pytest.mark.parametrize(
    "secret",
    ["hf_secretvalue12345", "HF_TOKEN=hf_secretvalue12345", "hf_secretvalue12345=NOWHERE", "HF_TOKEN=secretvalue",
     "SECRETVALUE4F6G7", "KEY=sk-secretvalue", "secretvalue"],
)  # fmt: skip
def test_a_secret_given_by_value_is_nowhere_in_what_is_told(run, capsys, secret):
    call = ["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--dry-run", "--secret", secret]
    assert main(call) == 2
    with pytest.raises(InputError) as raised:  # the trace that Python then prints
        main([*call, "--debug", "--lang", "en"])
    for said in ("".join(capsys.readouterr()), "".join(traceback.format_exception(raised.value))):
        assert "secretvalue" not in said.lower()
        assert re.search("pas sa valeur.*révoquez|not its value.*revoke", said, re.DOTALL)


def test_hardware_that_the_hub_does_not_have_is_told_with_the_list(run, capsys):
    told = failed(capsys, run, "--repo", "zoe/page", "--dry-run", "--hardware", "t5")
    assert "« t5 »".replace(" ", "\N{NO-BREAK SPACE}") in told and "zero-a10g" in told and "cpu-basic" in told


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [(["--domain", "zzz"], "zzz : domaine"), (["--hardware", "t5"], "t5"), (["--model", ""], "pas encore sur le Hub")],
)
def test_wrong_names_are_told_before_secrets_and_the_network(hub, run, capsys, wrong, wanted):
    call = [run, "--repo", "zoe/page", "--secret", "NOWHERE", "--model", "zoe/faq", "--revision", COMMIT, *wrong]
    told = failed(capsys, *call).replace("\N{NO-BREAK SPACE}", " ")
    assert wanted in told and "NOWHERE" not in told and hub.requests == []


def test_hardware_is_asked_for(hub, run):
    hub.make("model", "zoe/faq", {"config.json": b"{}"})
    assert main(["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq", "--no-wait",
                 "--hardware", "t4-small"]) == 0  # fmt: skip
    assert hub.repository("space", "zoe/page").space.hardware == "t4-small"


def test_static_refuses_what_would_have_no_effect(run, capsys):
    told = failed(
        capsys, run, "--repo", "zoe/page", "--static", "--hardware", "t4-small", "--domain", "sante", "--dry-run"
    )
    assert re.search(r"--domain, --hardware.*--static", told)


@pytest.mark.parametrize(("language", "wanted"), [("fr", "NOM[=VARIABLE]"), ("en", "NAME[=VARIABLE]")])
def test_the_help_names_a_secret_in_its_language(language, wanted, hub):
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "app", "push", "space", "--help", "--lang", language],
                          capture_output=True, text=True, encoding="utf-8", env=hub.env() | {"COLUMNS": "120"})  # fmt: skip
    assert wanted in done.stdout


def test_a_free_account_is_told_the_ways_out(hub, run, capsys):
    hub.make("model", "zoe/faq", {"config.json": b"{}"})
    hub.paying.clear()
    told = failed(capsys, run, "--repo", "zoe/page", "--model", "zoe/faq")
    assert "402" in told and "--hardware zero-a10g" in told and "--static" in told


def test_a_second_push_sends_nothing_and_sees_the_page_run(hub, run, capsys, monkeypatch):
    slept = []
    rhythm = space_ready.Rhythm
    monkeypatch.setattr(space_ready, "Rhythm", lambda **given: rhythm(**{"grace": 0, "sleep": slept.append, **given}))
    hub.make("model", "zoe/faq", {"config.json": b"{}"})
    call = ["push", "space", str(run), "--repo", "zoe/page", "--model", "zoe/faq"]
    assert main(call) == 0 and "La page répond" in capsys.readouterr().err
    before = len(hub.commits("space", "zoe/page"))
    hub.repository("space", "zoe/page").space.stages = ["BUILDING", "RUNTIME_ERROR"]
    assert main(call) == 1
    assert "s'est arrêtée" in capsys.readouterr().err and len(hub.commits("space", "zoe/page")) == before and slept
    (run / "hub.json").unlink()
