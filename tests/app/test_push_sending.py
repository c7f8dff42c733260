"""A push to a Hub on this machine: one commit, nothing twice, nothing of others replaced, and patience with the network."""

import json
import socket
from dataclasses import replace

import pytest

from app.hub import sending
from app.hub.deliver import Asked, Opening, Sent, check_asked, deliver
from app.hub.parcel import Parcel, item, parcel
from app.hub.patience import LONGEST_WAIT, WAITS, Patience
from app.hub.pushed import pushed
from app.hub.remote import MARK, digest_of
from app.output import Output
from chatbot.errors import InputError, WorldError
from chatbot.language import set_language

CARD = b"---\nlicense: apache-2.0\n---\n# FAQ\n"
BIG = bytes(range(256)) * 4800  # 1.2 MB: a large file, told by itself
FAQ = Asked(repo="zoe/faq")


@pytest.fixture(autouse=True)
def large_ones(monkeypatch):
    """What is told by itself in these tests: files of a megabyte."""
    monkeypatch.setattr(sending, "LARGE", 1_000_000)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def faq(*more, card: bytes = CARD, big: bytes = BIG) -> Parcel:
    items = (item("README.md", card), item("assets/words.txt", b"un\ndeux\n"), item("model.weights.h5", big))
    return parcel("model", "FAQ", *items, *more)


class Waiting:
    """Waits that take no time, and are noted."""

    def __init__(self, *waits: float):
        self.slept, self.lines = [], []
        self.patience = Patience(say=self.lines.append, waits=waits or WAITS, sleep=self.slept.append)


def push(a_parcel=None, asked=FAQ, waiting=None) -> Sent:
    sent = deliver(a_parcel or faq(), asked, Output(), patience=(waiting or Waiting()).patience)
    assert sent is not None
    return sent


def sends(hub, method: str, part: str) -> int:
    return sum(verb == method and part in path for verb, path, _ in hub.requests)


# -- what is asked ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "repo", ["faq", "zoe/", "/faq", "zoe/faq/deux", "zoe/fa q", "zoe/été", "zoe/a--b", "zoe/.faq", ""]
)
def test_a_name_that_the_hub_would_refuse_is_told_at_once(repo):
    with pytest.raises(InputError, match="--repo") as caught:
        check_asked(Asked(repo=repo, dry_run=True))
    assert "zoe/faq" in str(caught.value) and "Repo id" not in str(caught.value)


def test_accents_are_no_name_whatever_the_library_takes(monkeypatch):
    from huggingface_hub import utils

    monkeypatch.setattr(utils, "validate_repo_id", lambda repo: None)  # as its older versions take "é"
    with pytest.raises(InputError, match="--repo"):
        check_asked(Asked(repo="zoe/été", dry_run=True))


def test_a_token_without_the_right_is_told_before_any_work(hub, monkeypatch):
    check_asked(Asked(repo="classe/faq"))
    assert [path for _, path, _ in hub.requests] == ["/api/whoami-v2"]
    check_asked(Asked(repo="labo/faq", dry_run=True))
    with pytest.raises(InputError, match="membre de") as caught:
        check_asked(Asked(repo="labo/faq"))
    assert "« labo »" in plain(str(caught.value)) and "zoe/…, classe/…" in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", hub.read_token)
    with pytest.raises(InputError, match="droit de lire"):
        check_asked(FAQ)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_one")
    with pytest.raises(InputError, match="401"):
        check_asked(FAQ)


def test_the_greeting_is_as_patient_as_a_push(hub):
    hub.fail(503, path="whoami")
    waiting = Waiting()
    check_asked(FAQ, patience=waiting.patience)
    assert waiting.slept == [2.0]
    hub.fail(503, path="whoami", times=9)
    with pytest.raises(WorldError, match="Rien n'a été envoyé"):
        check_asked(FAQ, patience=Waiting(0).patience)


def test_out_is_of_the_dry_run_and_a_tag_is_a_word(tmp_path, hub):
    with pytest.raises(InputError, match="--dry-run"):
        check_asked(replace(FAQ, out=tmp_path))
    for tag in ("", "a b", "main", "v1..2", "-v", "v1/2"):
        with pytest.raises(InputError, match="--tag"):
            check_asked(replace(FAQ, tag=tag))
    with pytest.raises(InputError, match="privé"):
        check_asked(replace(FAQ, public=True, must_be_private=True))
    check_asked(replace(FAQ, tag="v1.0"))


def test_a_dry_run_writes_and_lists_without_token_or_network(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    assert deliver(faq(), replace(FAQ, dry_run=True), Output()) is None
    folder = tmp_path / "hub" / "faq"
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "README.md": CARD, "assets/words.txt": b"un\ndeux\n", "model.weights.h5": BIG,
    }  # fmt: skip
    shown = plain(capsys.readouterr().out)
    assert "model.weights.h5 │ 1,2 Mo" in shown and "3 fichiers" in shown and "Rien n'a été envoyé" in shown
    assert deliver(faq(), replace(FAQ, dry_run=True, out=tmp_path / "vu"), Output(as_json=True)) is None
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(tmp_path / "vu") and told["bytes"] == len(CARD) + 8 + len(BIG)
    assert [one["path"] for one in told["files"]] == ["README.md", "assets/words.txt", "model.weights.h5"]


def written(tmp_path, a_parcel=None) -> None:
    assert deliver(a_parcel or faq(), replace(FAQ, dry_run=True, out=tmp_path / "vu"), Output()) is None


def test_a_dry_run_replaces_what_a_dry_run_wrote(tmp_path):
    written(tmp_path)
    cache = tmp_path / "vu" / "__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"x")  # its Space was run
    written(tmp_path, faq(card=b"# 2\n"))
    assert (tmp_path / "vu" / "README.md").read_bytes() == b"# 2\n"


@pytest.mark.parametrize("own", ["README.md", "memoire.txt", "sub/memoire.txt"])
def test_a_dry_run_deletes_no_folder_of_the_user_s(tmp_path, own):
    """The note of an earlier dry run outlives its folder, whose name another folder may have taken."""
    import shutil

    written(tmp_path)
    shutil.rmtree(tmp_path / "vu")
    (tmp_path / "vu" / own).parent.mkdir(parents=True)
    (tmp_path / "vu" / own).write_text("des mois de travail", encoding="utf-8")
    with pytest.raises(InputError, match="existe déjà") as caught:
        written(tmp_path)
    assert own in str(caught.value) and (tmp_path / "vu" / own).read_text(encoding="utf-8") == "des mois de travail"


def test_a_dry_run_takes_no_file_for_its_note(tmp_path):
    (tmp_path / "vu.parcel").write_text("à moi", encoding="utf-8")
    with pytest.raises(InputError, match=r"vu\.parcel"):
        written(tmp_path)
    assert (tmp_path / "vu.parcel").read_text(encoding="utf-8") == "à moi"


def test_a_file_s_hash_is_computed_once(tmp_path):
    from app.hub.parcel import Item

    file = tmp_path / "a.bin"
    file.write_bytes(b"a")
    one = Item(path="a.bin", source=file)
    known = (one.sha256, one.blob_id)
    file.write_bytes(b"b")
    assert (one.sha256, one.blob_id) == known and one == Item(path="a.bin", source=file)


# -- sending ---------------------------------------------------------------------------------------------------------------


def test_the_first_push_creates_a_private_repository_with_one_commit_and_a_tag(hub, tmp_path, capsys):
    sent = push(asked=replace(FAQ, record=tmp_path))
    assert hub.files("model", "zoe/faq") == {
        "README.md": CARD,
        "assets/words.txt": b"un\ndeux\n",
        "model.weights.h5": BIG,
    }
    ours, initial = hub.commits("model", "zoe/faq")
    assert (ours.title, initial.title) == ("FAQ", "initial commit") and hub.repository("model", "zoe/faq").private
    assert hub.tags("model", "zoe/faq") == {"v1": ours.oid}
    assert sent == Sent(
        repo="zoe/faq", url=f"{hub.url}/zoe/faq", commit=ours.oid, tag="v1", removed=(), unchanged=0, created=True,
        sent=("README.md", "assets/words.txt", "model.weights.h5"),
    )  # fmt: skip
    noted = pushed(tmp_path, "model")
    assert noted and (noted.repo, noted.commit, noted.tag) == ("zoe/faq", ours.oid, "v1")
    captured = capsys.readouterr()
    assert f"{hub.url}/zoe/faq" in captured.out and "v1" in captured.out and "1,2" in captured.out
    assert "Dépôt créé" in captured.err and "1/1" in captured.err


def test_public_is_asked_for_and_json_is_one_object(hub, capsys):
    deliver(faq(), replace(FAQ, public=True, tag="rendu-1"), Output(as_json=True))
    assert not hub.repository("model", "zoe/faq").private
    told = json.loads(capsys.readouterr().out)
    assert told["tag"] == "rendu-1" and told["created"] is True and told["sent"][0] == "README.md"


def test_a_second_push_sends_nothing_new(hub, capsys):
    first = push()
    before = len(hub.requests)
    second = push()
    writes = [one for one in hub.requests[before:] if one[0] != "GET"]
    assert writes == [] and len(hub.commits("model", "zoe/faq")) == 2 and list(hub.tags("model", "zoe/faq")) == ["v1"]
    assert (second.sent, second.removed, second.unchanged, second.created) == ((), (), 3, False)
    assert (second.commit, second.tag) == (first.commit, "v1")
    assert "Rien de nouveau" in capsys.readouterr().out


def test_only_what_changed_is_sent_and_what_is_gone_is_removed(hub):
    push(faq(item("old/note.txt", b"ancien")))
    sent = push(faq(item("new.txt", b"neuf"), card=CARD + b"Plus.\n"))
    assert (sent.sent, sent.removed, sent.unchanged, sent.tag) == (("README.md", "new.txt"), ("old/note.txt",), 2, "v2")
    assert sorted(hub.files("model", "zoe/faq")) == ["README.md", "assets/words.txt", "model.weights.h5", "new.txt"]
    assert ".gitattributes" in hub.repository("model", "zoe/faq").at("main").files
    assert sends(hub, "PUT", "") == 1 and len(hub.commits("model", "zoe/faq")) == 3


def test_a_data_set_and_a_space_lie_at_their_own_addresses(hub):
    data = parcel("dataset", "Jeu", item("README.md", CARD), item("data/train.parquet", b"PAR1" * 10))
    assert push(data).url == f"{hub.url}/datasets/zoe/faq"
    page = parcel(
        "space", "Page", item("README.md", b"---\nsdk: gradio\napp_file: app.py\n---\n"), item("app.py", b"1")
    )
    sent = push(page, replace(FAQ, opening=Opening(sdk="gradio")))
    assert sent.url == f"{hub.url}/spaces/zoe/faq"
    assert hub.repository("space", "zoe/faq").space.sdk == "gradio" and hub.files("space", "zoe/faq")["app.py"] == b"1"


def test_secrets_and_hardware_are_given_at_creation(hub, capsys):
    page = parcel(
        "space", "Page", item("README.md", b"---\nsdk: gradio\napp_file: app.py\n---\n"), item("app.py", b"1")
    )
    opening = Opening(sdk="gradio", hardware="cpu-basic", secrets={"KEY": "s3cret"}, variables={"MODE": "court"})
    push(page, replace(FAQ, opening=opening))
    given = hub.repository("space", "zoe/faq").space
    assert (given.secrets, given.variables) == ({"KEY": "s3cret"}, {"MODE": "court"})
    push(page, replace(FAQ, opening=replace(opening, hardware="t4-small")))
    assert sends(hub, "POST", "/hardware") == 1
    captured = capsys.readouterr()
    assert "secrets ne changent pas" in captured.err and "s3cret" not in captured.out + captured.err + repr(opening)


def test_an_existing_repository_stays_as_visible_as_it_is(hub, capsys):
    push(asked=replace(FAQ, public=True))
    push()
    assert "public et le reste" in capsys.readouterr().err and not hub.repository("model", "zoe/faq").private
    with pytest.raises(InputError, match="ne peut être que privé"):
        push(faq(item("x.txt", b"x")), replace(FAQ, must_be_private=True))
    push(asked=replace(FAQ, repo="zoe/autre"))
    push(asked=replace(FAQ, repo="zoe/autre", public=True))
    assert "privé et le reste" in capsys.readouterr().err and hub.repository("model", "zoe/autre").private


# -- tags ------------------------------------------------------------------------------------------------------------------


def test_a_tag_of_another_push_is_refused_before_anything_is_sent(hub):
    push(asked=replace(FAQ, tag="rendu"))
    before = sends(hub, "POST", "")
    with pytest.raises(InputError, match="étiquette rendu") as caught:
        push(faq(card=CARD + b"2"), replace(FAQ, tag="rendu"))
    assert "v1" in str(caught.value) and sends(hub, "POST", "") == before
    assert push(asked=replace(FAQ, tag="rendu")).tag == "rendu"  # nothing new, and the tag is there


def test_a_new_tag_for_what_is_there_already(hub):
    first = push()
    assert push(asked=replace(FAQ, tag="final")).tag == "final"
    assert hub.tags("model", "zoe/faq") == {"v1": first.commit, "final": first.commit}


def test_a_tag_that_did_not_arrive_is_made_by_the_next_push(hub):
    hub.fail(500, path="/tag/", times=9)
    with pytest.raises(WorldError, match="sans leur étiquette v1"):
        push()
    hub.well()
    assert len(hub.commits("model", "zoe/faq")) == 2 and hub.tags("model", "zoe/faq") == {}
    again = push()
    assert again.sent == () and again.tag == "v1" and hub.tags("model", "zoe/faq") == {"v1": again.commit}


def test_a_number_taken_in_the_meantime_gives_the_next_one(hub, monkeypatch):
    real = sending.digest_of

    def meanwhile(a_parcel):
        hub.repository("model", "zoe/faq").tags["v1"] = hub.commits("model", "zoe/faq")[-1].oid
        return real(a_parcel)

    monkeypatch.setattr(sending, "digest_of", meanwhile)
    assert push().tag == "v2"


# -- a changed remote ------------------------------------------------------------------------------------------------------


def test_what_somebody_else_changed_is_not_replaced_unasked(hub):
    push()
    edit = hub.edit("model", "zoe/faq", "README.md", b"# Corrig\xc3\xa9", "Corrige une faute")
    before = len(hub.commits("model", "zoe/faq"))
    with pytest.raises(InputError) as caught:
        push(faq(card=CARD + b"2"))
    told = plain(str(caught.value))
    assert "« Corrige une faute »" in told and edit.oid[:7] in told and "par autre" in told and "--overwrite" in told
    assert "Seraient remplacés : README.md." in told and "retirés" not in told
    assert len(hub.commits("model", "zoe/faq")) == before and sends(hub, "PUT", "") == 1
    sent = push(faq(card=CARD + b"2"), replace(FAQ, overwrite=True))
    assert hub.files("model", "zoe/faq")["README.md"] == CARD + b"2" and sent.tag == "v2"
    push(faq(card=CARD + b"3"))  # the newest commit is ours again


def test_a_change_that_the_parcel_holds_too_needs_nothing(hub):
    push()
    hub.edit("model", "zoe/faq", "README.md", CARD + b"2", "Le même changement")
    sent = push(faq(card=CARD + b"2"))
    assert sent.sent == () and sent.tag is None


def test_a_repository_that_others_filled_is_not_emptied(hub, capsys):
    hub.make("model", "classe/faq", {"model.safetensors": b"x" * 100})
    with pytest.raises(InputError, match="--overwrite"):
        push(asked=Asked(repo="classe/faq"))
    assert sorted(hub.files("model", "classe/faq")) == ["model.safetensors"]
    sent = push(asked=Asked(repo="classe/faq", overwrite=True))
    assert sent.removed == () and sent.left == ("model.safetensors",)
    assert "Laissés là, car aucun envoi ne les y a mis : model.safetensors" in plain(capsys.readouterr().out)
    again = push(faq(card=CARD + b"2"), Asked(repo="classe/faq"))  # nor by a push that follows ours
    assert again.removed == () and "model.safetensors" in hub.files("model", "classe/faq")


def test_what_an_overwriting_push_would_lose_is_named_before(hub):
    others = [item(f"old/{number}.txt", b"x") for number in range(8)]
    push(faq(*others))
    hub.edit("model", "zoe/faq", ".eval_results/gsm8k.yaml", b"- 1", "Mesure")
    hub.edit("model", "zoe/faq", "README.md", b"# Autre", "Autre carte")
    with pytest.raises(InputError) as caught:
        push(faq(card=CARD + b"2"))
    told = plain(str(caught.value))
    assert "remplacés : README.md." in told
    assert "retirés : old/0.txt, old/1.txt, old/2.txt, old/3.txt, old/4.txt et 3 autres." in told
    sent = push(faq(card=CARD + b"2"), replace(FAQ, overwrite=True))
    assert sent.removed == tuple(each.path for each in others) and sent.left == (".eval_results/gsm8k.yaml",)
    assert hub.files("model", "zoe/faq")[".eval_results/gsm8k.yaml"] == b"- 1"


def test_measurements_stay_whoever_added_them(hub):
    push(faq(item(".eval_results/a.yaml", b"- 1")))
    assert push(faq(card=CARD + b"2")).left == (".eval_results/a.yaml",)


def test_another_folder_s_push_is_not_replaced_by_the_folder_that_came_before(hub, tmp_path):
    """Two runs of one user, one repository: each folder's note says what it left there."""
    a, b = (replace(FAQ, repo="classe/faq", record=tmp_path / name) for name in "ab")
    for each in (a, b):
        each.record.mkdir()
    push(asked=a)
    push(faq(card=CARD + b"b"), b)  # nothing is noted there, and the push before is the user's own
    with pytest.raises(InputError, match="par zoe"):
        push(faq(card=CARD + b"2"), a)
    assert hub.files("model", "classe/faq")["README.md"] == CARD + b"b"
    push(faq(card=CARD + b"b2"), b)
    push(faq(card=CARD + b"b2"), a)  # the same to the last byte: nothing to do, and noted
    push(faq(card=CARD + b"3"), a)


def test_a_teammate_s_push_is_not_replaced_unasked(hub, monkeypatch, tmp_path):
    asked = replace(FAQ, repo="classe/faq")
    push(faq(item("a.txt", b"a")), asked)
    hub.teammate("hf_lea", "lea")
    monkeypatch.setenv("HF_TOKEN", "hf_lea")
    for record in (None, tmp_path):
        with pytest.raises(InputError, match="par zoe") as caught:
            push(faq(card=CARD + b"lea"), replace(asked, record=record))
        assert "retirés : a.txt" in plain(str(caught.value))
    assert push(faq(card=CARD + b"lea"), replace(asked, overwrite=True)).removed == ("a.txt",)


def test_a_repository_made_by_hand_on_the_website_takes_the_first_push(hub, tmp_path):
    from huggingface_hub import HfApi

    HfApi(endpoint=hub.url, token=hub.token).create_repo("zoe/faq", private=True)
    assert not push(asked=replace(FAQ, record=tmp_path)).created


def test_a_push_whose_tag_did_not_arrive_is_this_folder_s_even_so(hub, tmp_path):
    asked = replace(FAQ, record=tmp_path)
    push(asked=asked)
    hub.fail(500, path="/tag/", times=9)
    with pytest.raises(WorldError):
        push(faq(card=CARD + b"2"), asked)
    hub.well()
    assert push(faq(card=CARD + b"3"), asked).tag == "v2"


def test_a_push_that_was_noted_nowhere_goes_on(hub, tmp_path):
    """Killed between the commit and its note."""
    asked = replace(FAQ, record=tmp_path)
    push(asked=asked)
    old = (tmp_path / "hub.json").read_bytes()
    second = push(faq(card=CARD + b"2"), asked)
    (tmp_path / "hub.json").write_bytes(old)
    again = push(faq(card=CARD + b"2"), asked)
    noted = pushed(tmp_path, "model")
    assert (again.sent, again.commit) == ((), second.commit) and noted and noted.commit == second.commit
    push(faq(card=CARD + b"3"), asked)


def test_files_that_the_repository_ignores_are_not_told_as_sent(hub):
    push(faq())
    hub.edit("model", "zoe/faq", ".gitignore", b"*.bak\n*.txt\n", "Tri")
    before = len(hub.commits("model", "zoe/faq"))
    with pytest.raises(InputError, match=r"\.gitignore") as caught:
        push(faq(item("more.txt", b"x"), card=CARD + b"2"), replace(FAQ, overwrite=True))
    assert "écarte more.txt :" in plain(str(caught.value))
    assert len(hub.commits("model", "zoe/faq")) == before


def test_a_change_between_the_look_and_the_commit_is_told(hub, monkeypatch):
    push()
    real = sending.digest_of

    def meanwhile(a_parcel):
        hub.edit("model", "zoe/faq", "note.txt", b"!", "Pendant ce temps")
        return real(a_parcel)

    monkeypatch.setattr(sending, "digest_of", meanwhile)
    with pytest.raises(InputError, match="Pendant ce temps"):
        push(faq(card=CARD + b"2"), replace(FAQ, overwrite=True))
    assert [status for _, path, status in hub.requests if "/commit/" in path][-1] == 412
    assert hub.files("model", "zoe/faq")["note.txt"] == b"!"


# -- patience --------------------------------------------------------------------------------------------------------------


def test_a_hub_that_fails_for_a_while_is_waited_for(hub):
    hub.fail(503, path="/commit/", times=2)
    waiting = Waiting()
    push(waiting=waiting)
    assert waiting.slept == [2.0, 4.0] and "4 s (2 sur 5)" in plain(waiting.lines[1]) and "503" in waiting.lines[0]
    assert len(hub.commits("model", "zoe/faq")) == 2


@pytest.mark.parametrize(
    "path", ["whoami", "/api/models/zoe/faq$", "repos/create", "preupload", "lfs/objects/batch", "/tag/"]
)
@pytest.mark.parametrize("status", [429, 500])
def test_every_step_is_patient(hub, path, status):
    hub.fail(status, path=path)
    waiting = Waiting()
    assert push(waiting=waiting).tag == "v1" and waiting.slept == [2.0] and hub.faults_left == 0


def test_the_hub_says_how_long_to_wait(hub):
    hub.fail(429, path="/commit/", headers={"Retry-After": "17"})
    hub.fail(429, path="/tag/", headers={"RateLimit": '"api";r=0;t=41'})
    waiting = Waiting()
    push(waiting=waiting)
    assert waiting.slept == [17.0, 41.0] and "17 s (1 sur 5)" in plain(waiting.lines[0])


def test_too_long_a_wait_is_left_to_the_user(hub):
    hub.fail(429, path="/commit/", headers={"Retry-After": str(int(LONGEST_WAIT) + 1)})
    waiting = Waiting()
    with pytest.raises(WorldError) as caught:
        push(waiting=waiting)
    assert "6 min" in plain(str(caught.value)) and waiting.slept == []


def test_an_interrupted_push_goes_on_where_it_stopped(hub):
    more = (item("a.safetensors", b"a" * 1_500_000), item("b.safetensors", b"b" * 2_000_000))
    hub.cut(method="PUT", path=faq(*more).items[1].sha256, times=9, after=1000)
    with pytest.raises(WorldError) as caught:
        push(faq(*more), waiting=Waiting(0, 0))
    told = plain(str(caught.value))
    assert "connexion coupée" in told and "3 essais" in told and "1 sur 3" in told and "Relancez" in told
    assert hub.files("model", "zoe/faq") == {}  # nothing of it is visible
    hub.well()
    arrived, before = set(hub.large), len(hub.requests)
    assert len(arrived) == 1
    push(faq(*more))
    puts = [path for verb, path, _ in hub.requests[before:] if verb == "PUT"]
    assert len(puts) == 2 and not any(one in path for one in arrived for path in puts)
    assert len(hub.files("model", "zoe/faq")) == 5


def test_a_commit_whose_answer_was_lost_is_not_made_twice(hub):
    hub.drop(method="POST", path="/commit/", after=0)
    waiting = Waiting()
    sent = push(waiting=waiting)
    assert waiting.slept == [2.0] and sends(hub, "POST", "/commit/") == 1
    ours, _ = hub.commits("model", "zoe/faq")
    assert sent.commit == ours.oid and hub.tags("model", "zoe/faq") == {"v1": ours.oid}


def test_a_commit_cut_on_its_way_is_made_by_the_next_try(hub):
    hub.cut(method="POST", path="/commit/", after=100)
    assert push(waiting=Waiting(0)).tag == "v1"
    assert len(hub.commits("model", "zoe/faq")) == 2


def test_creating_and_tagging_whose_answers_were_lost(hub):
    hub.drop(method="POST", path="repos/create", after=0)
    hub.drop(method="POST", path="/tag/", after=0)
    assert push(waiting=Waiting(0, 0)).tag == "v1"
    assert list(hub.tags("model", "zoe/faq")) == ["v1"] and hub.faults_left == 0


def test_a_network_that_is_not_there(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_local_test")
    waiting = Waiting()
    with pytest.raises(WorldError, match="Rien n'a été envoyé") as caught:
        push(waiting=waiting)
    assert "injoignable" in str(caught.value) and waiting.slept == list(WAITS)


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    from app.hub import patience

    monkeypatch.setattr(patience, "ANSWER", 0.1)
    monkeypatch.setenv("HF_TOKEN", "hf_local_test")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(WorldError, match="pas de réponse"):
            push(waiting=Waiting(0))


def test_small_files_that_the_hub_keeps_apart_are_sent_together_and_again(hub):
    more = [item(f"{name}.safetensors", name.encode() * 100) for name in "abc"]
    hub.cut(method="PUT", path=more[1].sha256, after=10)
    assert push(faq(*more), waiting=Waiting(0)).tag == "v1"
    assert len(hub.files("model", "zoe/faq")) == 6 and hub.faults_left == 0


def test_the_patience_of_the_library_is_left_as_it_was(hub):
    from huggingface_hub import get_session

    push()
    assert get_session().timeout.read is None
    hub.fail(503, path="/api/models/zoe/faq")
    assert get_session().get(f"{hub.url}/api/models/zoe/faq").status_code == 503


def test_the_library_s_errors_without_an_answer_are_known_by_name(monkeypatch):
    from huggingface_hub import get_session

    from app.hub.patience import connection_errors

    with pytest.raises(connection_errors()) as caught:
        get_session().get("http://127.0.0.1:9/api")
    assert type(caught.value).__name__ == "ConnectError" and not isinstance(caught.value, OSError)


def test_english(hub):
    set_language("en")
    hub.fail(503, path="/commit/")
    waiting = Waiting()
    push(waiting=waiting)
    assert "trying again in 2 s (1 of 5)" in plain(waiting.lines[0])


def test_the_mark_of_a_push_tells_its_files(hub):
    push()
    assert MARK + digest_of(faq()) in hub.commits("model", "zoe/faq")[0].message
    assert digest_of(faq()) != digest_of(faq(card=CARD + b" ")) and digest_of(faq()) == digest_of(faq())
