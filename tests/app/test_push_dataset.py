"""`causette push dataset`: the ledger decides, a dry run is what would be sent, and `load_dataset` reads it back."""

import json
import shutil
import subprocess
import sys

import pytest

from app.hub.pushed import pushed
from app.main import main
from app.push_dataset import check_allowed
from chatbot.errors import InputError
from chatbot.files import read_json, write_json
from datasets_prep.prepare import PrepareConfig, prepare


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    out = tmp_path_factory.mktemp("data") / "boutique"
    return prepare(PrepareConfig(sources=("embedded:boutique_commande",), out=out))


@pytest.fixture
def own(shop, tmp_path):
    """A copy, which a push may write into."""
    return shutil.copytree(shop, tmp_path / "boutique")


def with_redistribution(folder, answer):
    manifest = read_json(folder / "manifest.json")
    manifest["sources"][0]["licence"]["redistribution"] = answer
    write_json(folder / "manifest.json", manifest)
    return folder


def ended(*words, status=0):
    assert main(["push", "dataset", *map(str, words)]) == status


def plain(text: str) -> str:
    return " ".join(text.split())


def test_a_dry_run_needs_no_token_and_writes_what_would_be_sent(own, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    ended(own, "--repo", "zoe/shop", "--dry-run", "--out", tmp_path / "hub", "--json")
    found = json.loads(capsys.readouterr().out)
    assert {one["path"] for one in found["files"]} == {
        path.relative_to(tmp_path / "hub").as_posix() for path in (tmp_path / "hub").rglob("*") if path.is_file()
    }
    assert (tmp_path / "hub" / "jsonl" / "train.jsonl").read_bytes() == (own / "train.jsonl").read_bytes()
    assert not list((tmp_path / "hub").rglob("rejected*")) and not (own / "hub.json").exists()


def test_the_ledger_decides(shop, own):
    def allowed(answer, **asked):
        options = {"public": False, "private": False, **asked}
        return check_allowed(read_json(with_redistribution(own, answer) / "manifest.json"), own, **options)

    assert not allowed("yes") and not allowed("yes", public=True) and not allowed("yes", private=True)
    assert allowed("unknown", private=True)
    with pytest.raises(InputError, match="--private") as caught:
        allowed("unknown", public=True)
    assert "embedded:boutique_commande (Apache-2.0)" in str(caught.value) and len(str(caught.value).splitlines()) == 2
    for private in (False, True):
        with pytest.raises(InputError, match="même en privé") as caught:
            allowed("no", private=private)
        assert "embedded:boutique_commande" in str(caught.value)


def test_public_and_private_exclude_each_other(own, capsys):
    ended(own, "--repo", "zoe/shop", "--public", "--private", "--dry-run", status=2)
    assert "s'excluent" in capsys.readouterr().err


def test_an_unknown_licence_goes_nowhere_without_private(hub, own, capsys):
    with_redistribution(own, "unknown")
    ended(own, "--repo", "zoe/shop", status=2)
    assert "--private" in capsys.readouterr().err and not hub.requests
    ended(own, "--repo", "zoe/shop", "--private")
    said = plain(capsys.readouterr().err)
    assert "sous votre responsabilité" in said
    assert hub.repository("dataset", "zoe/shop").private
    assert "Dépôt privé, et qui doit le rester" in hub.files("dataset", "zoe/shop")["README.md"].decode()


def test_an_unknown_licence_goes_into_no_public_repository(hub, own, capsys):
    from huggingface_hub import HfApi

    HfApi(endpoint=hub.url, token=hub.token).create_repo("zoe/shop", repo_type="dataset", private=False)
    with_redistribution(own, "unknown")
    ended(own, "--repo", "zoe/shop", "--private", status=2)
    assert "zoe/shop" in capsys.readouterr().err
    assert "README.md" not in hub.files("dataset", "zoe/shop")


def test_it_is_private_unless_asked_otherwise_and_a_second_push_sends_nothing(hub, own, capsys):
    ended(own, "--repo", "zoe/shop", "--json")
    first = json.loads(capsys.readouterr().out)
    assert hub.repository("dataset", "zoe/shop").private and first["created"]
    assert pushed(own, "dataset").repo == "zoe/shop"
    commits = len(hub.commits("dataset", "zoe/shop"))
    ended(own, "--repo", "zoe/shop", "--json")
    second = json.loads(capsys.readouterr().out)
    assert second["sent"] == [] and len(hub.commits("dataset", "zoe/shop")) == commits
    ended(own, "--repo", "zoe/open", "--public")
    assert not hub.repository("dataset", "zoe/open").private
    assert pushed(own, "dataset").public
    ended(own, "--repo", "zoe/shop", "--public")  # which is there, and stays private
    assert hub.repository("dataset", "zoe/shop").private and not pushed(own, "dataset").public


def test_what_the_ledger_knows_of_persons_is_said_before_it_leaves(own, tmp_path, capsys):
    note = read_json(own / "manifest.json")["sources"][0]["licence"]["personal_data"]
    ended(own, "--repo", "zoe/shop", "--dry-run", "--out", tmp_path / "hub")
    assert plain(note) in plain(capsys.readouterr().err)


def test_load_dataset_reads_it_back_from_the_hub(hub, own, capsys):
    ended(own, "--repo", "zoe/shop")
    code = """
import json
from datasets import load_dataset
data = load_dataset("zoe/shop")
print(json.dumps({"rows": {s: len(data[s]) for s in data}, "ids": data["test"]["id"][:3]}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=hub.env(), check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["rows"] == read_json(own / "manifest.json")["counts"]["by_split"]
    lines = (own / "test.jsonl").read_text(encoding="utf-8").splitlines()
    assert found["ids"] == [json.loads(line)["id"] for line in lines[:3]]


def test_medquad_a_slice(shared_data, tmp_path, capsys):
    """Real rows, their real licence: sent in the open, and named."""
    import gzip

    with gzip.open(shared_data / "medquad" / "medquad.csv.gz", "rt", encoding="utf-8") as file:
        (tmp_path / "medquad.csv").write_text(
            "".join(line for line, _ in zip(file, range(400), strict=False)), encoding="utf-8"
        )
    config = PrepareConfig(sources=("medquad",), from_file=tmp_path / "medquad.csv", out=tmp_path / "medquad")
    folder = prepare(config)
    ended(folder, "--repo", "zoe/medquad", "--public", "--dry-run", "--out", tmp_path / "hub")
    card = (tmp_path / "hub" / "README.md").read_text(encoding="utf-8")
    assert "license: cc-by-4.0" in card and "Asma Ben Abacha" in card and str(tmp_path) not in card


@pytest.fixture
def prepare_own(tmp_path, capsys):
    """Prepares the user's own file by the command line."""
    rows = "".join(f"Où est le colis {n} ?,Au casier {n}.\n" for n in range(3, 30))
    (tmp_path / "faq.csv").write_text("question,answer\n" + rows, encoding="utf-8")

    def run(*words):
        out = tmp_path / "faq"
        assert main(["prepare", str(tmp_path / "faq.csv"), *words, "--out", str(out), "--replace"]) == 0
        capsys.readouterr()
        return out

    return run


def test_an_own_file_goes_in_the_open_once_its_owner_declares_a_licence(prepare_own, tmp_path, capsys):
    """The refusal names the cure, and the cure works."""
    call = ["--repo", "zoe/faq", "--public", "--dry-run", "--out", tmp_path / "hub"]
    ended(prepare_own(), *call, status=2)
    assert "--licence cc-by-4.0" in plain(capsys.readouterr().err) and not (tmp_path / "hub").exists()
    ended(prepare_own("--licence", "cc-by-4.0", "--attribution", "Zoé Martin"), *call)
    card = (tmp_path / "hub" / "README.md").read_text(encoding="utf-8")
    assert "\nlicense: cc-by-4.0\n" in card and "selon la déclaration de qui a préparé le jeu" in card
    assert "as declared by whoever prepared the set" in card and "À citer\u00a0: Zoé Martin" in card
    assert read_json(tmp_path / "hub" / "manifest.json")["sources"][0]["licence"]["identifier"] == "cc-by-4.0"
    capsys.readouterr()
    assert main(["data", "licences", str(tmp_path / "faq")]) == 0
    shown = plain(capsys.readouterr().out)
    assert "CC BY 4.0," in shown and "faq (non vérifiée)" in shown and "Zoé Martin" in shown


def test_reserved_rights_go_nowhere(prepare_own, tmp_path, capsys):
    folder = prepare_own("--licence", "propriétaire")
    for more in ("--public", "--private"):
        ended(folder, "--repo", "zoe/faq", more, "--dry-run", "--out", tmp_path / "hub", status=2)
        assert "Tous droits réservés" in capsys.readouterr().err


def test_a_mixture_takes_the_declared_licence_among_the_others(prepare_own, tmp_path):
    folder = prepare_own("embedded:hub", "--licence", "cc-by-nc-4.0")
    ended(folder, "--repo", "zoe/faq", "--public", "--dry-run", "--out", tmp_path / "hub")
    card = plain((tmp_path / "hub" / "README.md").read_text(encoding="utf-8"))
    assert "license: other" in card and "license_name: cc-by-nc-4.0-and-apache-2.0" in card
    assert "Usage commercial interdit par : faq" in card


def test_no_licence_to_declare_where_a_public_set_is_unknown_too(prepare_own, own):
    """The user cannot declare that of somebody else's set: only `--private` is left."""
    manifest = read_json(prepare_own() / "manifest.json")
    other = read_json(with_redistribution(own, "unknown") / "manifest.json")
    with pytest.raises(InputError) as caught:
        check_allowed({"sources": manifest["sources"] + other["sources"]}, own, public=False, private=False)
    assert "--licence" not in str(caught.value) and "--private" in str(caught.value)
