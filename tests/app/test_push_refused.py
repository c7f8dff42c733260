"""What the Hub refuses, in words that help; and the token is in no line, no file and no trace, whatever fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.hub import patience, sending
from app.hub.deliver import Asked, Opening, deliver
from app.hub.parcel import item, parcel
from app.main import main
from app.output import Output
from chatbot.errors import CausetteError, InputError, WorldError
from chatbot.language import set_language
from tests.app.test_push_sending import FAQ, faq, plain, push

PAGE = parcel("space", "Page", item("README.md", b"---\nsdk: gradio\napp_file: app.py\n---\n"), item("app.py", b"1"))
STEPS = {
    "whoami": "whoami", "look": "/api/models/zoe/faq$", "create": "repos/create", "commits": "/commits/", "refs": "/refs",
    "preupload": "preupload", "large": "lfs/objects/batch", "put": "[0-9a-f]{64}$", "card": "validate-yaml",
    "commit": "/commit/", "tag": "/tag/",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(patience, "WAITS", (0.0,))
    monkeypatch.setattr(sending, "LARGE", 1_000_000)


def refused(a_parcel=None, asked=FAQ) -> str:
    with pytest.raises(CausetteError) as caught:
        deliver(a_parcel or faq(), asked, Output())
    return plain(str(caught.value))


def test_no_token(monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    told = refused()
    assert "hf auth login" in told and "HF_TOKEN" in told


@pytest.mark.parametrize("token", ["hf_é", "hf_a b", "hf_a\x00b"])
def test_a_token_that_no_header_can_hold_is_not_shown(monkeypatch, token):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "get_token", lambda: token)
    told = refused()
    assert "copiez-le à nouveau" in told and token not in told


def test_a_wrong_token(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_one")
    told = refused()
    assert "401" in told and "droit d'écrire" in told and "hf_wrong_one" not in told
    assert [path for _, path, _ in hub.requests] == ["/api/whoami-v2"]


def test_a_token_that_may_only_read(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub.read_token)
    told = refused()
    assert "zoe n'a pas le droit" in told and "write" in told and "membre" not in told


def test_an_organisation_of_others(hub):
    told = refused(asked=Asked(repo="labo/faq"))
    assert "403" in told and "zoe" in told and "membre de « labo »" in told and "Le Hub dit" in told


def test_a_free_account_and_a_gradio_space(hub):
    hub.paying.clear()
    told = refused(PAGE, Asked(repo="zoe/faq", opening=Opening(sdk="gradio", hardware="cpu-basic")))
    for way in ("organisation", "PRO", "--hardware zero-a10g", "Colab", "--static"):
        assert way in told
    assert ("space", "zoe/faq") not in hub.repositories
    set_language("en")
    assert "free account" in refused(PAGE, Asked(repo="zoe/faq", opening=Opening(sdk="gradio", hardware="cpu-basic")))
    assert push(PAGE, Asked(repo="zoe/faq", opening=Opening(sdk="gradio", hardware="zero-a10g"))).created


@pytest.mark.parametrize(("status", "said", "english"), [
    (400, "refuse", "refuses"),
    (402, "place privée", "private storage"),
    (403, "n'a pas le droit", "no right"),
    (404, "introuvable", "not found"),
    (409, "un autre envoi", "another push"),
    (412, "a changé pendant l'envoi", "changed during"),
    (413, "trop gros", "too large"),
    (418, "418", "418"),
])  # fmt: skip
def test_what_is_refused_at_the_commit(hub, status, said, english):
    hub.fail(status, path="/commit/", times=2, body={"error": "Because of\nthe moon"})
    told = refused()
    assert said in told and "zoe/faq" in told and "Because of the moon" in told and len(told.splitlines()) <= 3
    assert hub.files("model", "zoe/faq") == {}
    set_language("en")
    assert english in refused()


@pytest.mark.parametrize(
    ("status", "said"), [(429, "trop de demandes (429)"), (500, "en panne (500)"), (503, "en panne (503)")]
)
def test_what_does_not_pass(hub, status, said):
    hub.fail(status, path="/commit/", times=2)
    told = refused()
    assert said in told and "2 essais" in told and "1 sur 1" in told and "Relancez" in told


def test_a_gated_repository(hub):
    hub.fail(
        403, path="/api/models/zoe/faq$", headers={"X-Error-Code": "GatedRepo", "X-Error-Message": "Ask for access"}
    )
    assert "403" in refused() and ("model", "zoe/faq") not in hub.repositories


def test_a_card_that_the_hub_does_not_take(hub):
    told = refused(faq(card=b"---\nlicense: [\n---\n"))
    assert "README.md" in told and "refuse ce qui est envoyé" in told


def test_offline_by_wish(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refused()


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_local_test")
    monkeypatch.setenv("HF_ENDPOINT", "hub.example")
    assert "HF_ENDPOINT" in refused()


def test_a_file_that_vanishes_is_told(hub, tmp_path):
    """The report is written anew while the push waits; and the program has no unexpected error."""
    file = tmp_path / "a.txt"
    file.write_bytes(b"a")
    a_parcel = faq(item("a.txt", file))
    file.unlink()
    told = refused(a_parcel)
    assert "a.txt" in told and "introuvable" in told and "le dépôt" in told.lower()


def test_an_error_of_ours_is_not_told_as_the_hub_s(hub, monkeypatch):
    def broken(*_):
        raise ValueError("ours")

    monkeypatch.setattr(sending, "marks", broken)
    with pytest.raises(ValueError, match="ours"):
        deliver(faq(), FAQ, Output())


@pytest.mark.parametrize("name", ["XetAuthenticationError", "XetObjectNotFoundError"])
def test_what_the_other_way_of_sending_raises_is_the_network_s(name):
    """Both are errors of files by their kind."""
    hf_xet = pytest.importorskip("hf_xet")
    with pytest.raises(patience.Interrupted), patience.unwrapped():
        raise getattr(hf_xet, name)("expired")
    with pytest.raises(patience.Interrupted), patience.unwrapped():
        raise RuntimeError("uploading") from getattr(hf_xet, name)("expired")
    with pytest.raises(FileNotFoundError, match="gone"), patience.unwrapped():
        raise RuntimeError("uploading") from FileNotFoundError("gone")


@pytest.mark.parametrize(
    "written", [str, lambda value: __import__("json").dumps({"secrets": [{"value": value}]}), repr]
)
@pytest.mark.parametrize("secret", ["s3cret-é", "-----BEGIN\nabcdef\n  ghijkl\t\n-----END", 'quo"te\\d'])
def test_a_secret_of_a_space_is_in_no_error(hub, secret, written):
    """A Hub that repeats what it was sent."""
    import traceback

    hub.fail(400, path="repos/create", times=9, body={"error": f"bad payload: {written(secret)}"})
    opening = Opening(sdk="gradio", secrets={"LONG": secret + secret, "KEY": secret})
    with pytest.raises(InputError) as caught:
        deliver(PAGE, Asked(repo="zoe/faq", opening=opening), Output())
    trace = "".join(traceback.format_exception(caught.value))
    assert "bad payload" in trace
    for part in ("s3cret", "BEGIN", "abcdef", "ghijkl", "END", "quo", "te\\"):
        assert part not in trace.partition("bad payload")[2], trace


# -- the token -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", [400, 401, 403, 409, 412, 429, 500, 0])
def test_the_token_is_in_no_error(hub, step, status):
    """A Hub that repeats the token in its refusal, at every step; 0: the connection is cut."""
    import traceback

    if status:
        words = f"no: Bearer {hub.token}"
        hub.fail(status, path=STEPS[step], times=9, body={"error": words}, headers={"X-Error-Message": words})
    else:
        hub.cut(path=STEPS[step], times=9, after=0)
    with pytest.raises((InputError, WorldError)) as caught:
        deliver(faq(), FAQ, Output())
    assert caught.value.__cause__ or status == 409  # what the Hub said is there for who debugs
    trace = "".join(traceback.format_exception(caught.value))
    assert hub.token not in trace and "Bearer" not in trace.replace("no: Bearer …", "")


@pytest.mark.parametrize("debug", [False, True])
def test_the_token_is_in_no_line_and_no_file(hub, tmp_path, tiny_preset, capsys, caplog, monkeypatch, debug):
    import shutil

    shutil.copytree(tiny_preset, tmp_path / "faq")
    monkeypatch.chdir(tmp_path)
    call = ["push", "model", "faq", "--repo", "zoe/faq", "--no-transformers"] + ["--debug"] * debug
    with caplog.at_level("DEBUG"):
        for path in STEPS.values():
            hub.fail(403, path=path, body={"error": f"no: Bearer {hub.token}"})
            if debug:
                with pytest.raises(CausetteError):
                    main(call)
            else:
                assert main(call) == 2, path
            hub.well()
        assert main(call) == 0
    captured = capsys.readouterr()
    shown = captured.out + captured.err + caplog.text
    assert hub.token not in shown and "zoe/faq" in shown
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert hub.token.encode() not in file.read_bytes(), file


def test_a_whole_trace_of_the_program_has_no_token(hub, tmp_path):
    """As a user sees it: another process, with --debug and the library's own debugging."""
    hub.fail(403, path="whoami", times=9, body={"error": f"no: {hub.token}"})
    env = {**hub.env(), "HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug"}
    code = (
        "from app.hub.deliver import *\nfrom app.hub.parcel import *\nfrom app.output import Output\n"
        "deliver(parcel('model', 'x', item('README.md', b'x')), Asked(repo='zoe/faq'), Output())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**env, "PYTHONPATH": str(Path.cwd())}, capture_output=True, text=True, cwd=tmp_path
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" in done.stderr and "403" in done.stderr
    assert hub.token not in done.stdout + done.stderr
