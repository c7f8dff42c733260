"""The Hub on this machine, as the real client meets it."""

import hashlib

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

HTTPError = HfHubHTTPError.__bases__[0]  # of httpx or httpx2, as the library's version is
BIG = bytes(range(256)) * 400  # 102,400 bytes


@pytest.fixture
def api(hub):
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def repo(api):
    api.create_repo("zoe/faq", private=True)
    return "zoe/faq"


def status(error) -> int:
    return error.value.response.status_code


def send(api, repo, files, **more):
    operations = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=content) for path, content in files.items()]
    return api.create_commit(repo, operations, commit_message=more.pop("title", "files"), **more)


# -- sending and reading back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_small_and_large_files_go_and_come_back(hub, api, tmp_path, kind):
    address = api.create_repo("classe/faq", repo_type=kind, private=True)
    assert address == f"{hub.url}/{'datasets/' if kind == 'dataset' else ''}classe/faq"
    sent = send(api, "classe/faq", {"README.md": b"bonjour", "a/model.weights.h5": BIG}, repo_type=kind)
    assert hub.files(kind, "classe/faq") == {"README.md": b"bonjour", "a/model.weights.h5": BIG}
    assert [commit.title for commit in hub.commits(kind, "classe/faq")] == ["files", "initial commit"]
    assert sent.oid == hub.commits(kind, "classe/faq")[0].oid
    folder = snapshot_download(
        "classe/faq", repo_type=kind, endpoint=hub.url, token=hub.token, cache_dir=tmp_path / "cache"
    )
    assert (tmp_path / folder / "README.md").read_bytes() == b"bonjour"
    assert (tmp_path / folder / "a/model.weights.h5").read_bytes() == BIG
    assert folder.endswith(sent.oid)


def test_the_tree_gives_the_names_that_git_and_lfs_give(api, repo, hub):
    send(api, repo, {"README.md": b"bonjour", "a/b/w.h5": BIG})
    entries = {entry.path: entry for entry in api.list_repo_tree(repo, recursive=True)}
    assert entries["README.md"].blob_id == hashlib.sha1(b"blob 7\0bonjour").hexdigest()
    assert entries["README.md"].size == 7 and entries["README.md"].lfs is None
    assert entries["a/b/w.h5"].lfs.sha256 == hashlib.sha256(BIG).hexdigest()
    assert entries["a/b/w.h5"].size == entries["a/b/w.h5"].lfs.size == len(BIG)
    assert {"a", "a/b"} <= entries.keys()
    assert [entry.path for entry in api.list_repo_tree(repo, "a")] == ["a/b"]
    assert [entry.path for entry in api.get_paths_info(repo, ["README.md", "absent"])] == ["README.md"]
    hub.page = 2
    assert {entry.path for entry in api.list_repo_tree(repo, recursive=True)} == entries.keys()


def test_revisions(hub, api, repo):
    first = send(api, repo, {"a.txt": b"1"}, title="one").oid
    second = send(api, repo, {"a.txt": b"2"}, title="two").oid
    api.create_tag(repo, tag="v1", revision=first)
    api.create_branch(repo, branch="essai", revision="v1")
    assert hub.tags("model", repo) == {"v1": first}
    refs = api.list_repo_refs(repo)
    assert [(tag.name, tag.target_commit) for tag in refs.tags] == [("v1", first)]
    assert {(each.name, each.target_commit) for each in refs.branches} == {("main", second), ("essai", first)}
    assert [each.title for each in api.list_repo_commits(repo)] == ["two", "one", "initial commit"]
    assert api.model_info(repo, revision="v1").sha == first
    assert hub.files("model", repo, "v1") == {"a.txt": b"1"} and hub.files("model", repo) == {"a.txt": b"2"}
    info = api.repo_info(repo, files_metadata=True)
    assert {each.rfilename: each.size for each in info.siblings}["a.txt"] == 1
    with pytest.raises(HfHubHTTPError) as error:
        api.create_tag(repo, tag="v1")
    assert status(error) == 409
    api.delete_tag(repo, tag="v1")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo, revision="v1")


def test_what_is_there_is_not_sent_again(hub, api, repo):
    send(api, repo, {"README.md": b"bonjour", "w.h5": BIG})
    uploads = sum(method == "PUT" for method, _, _ in hub.requests)
    assert uploads == 1
    send(api, repo, {"README.md": b"bonjour", "w.h5": BIG})
    assert len(hub.commits("model", repo)) == 2  # nothing new: no commit
    send(api, repo, {"copy.h5": BIG})
    assert sum(method == "PUT" for method, _, _ in hub.requests) == uploads  # the content was there
    assert hub.files("model", repo)["copy.h5"] == BIG


def test_files_are_deleted(hub, api, repo):
    send(api, repo, {"a.txt": b"1", "b/c.txt": b"2", "b/d.txt": b"3"})
    operations = [CommitOperationDelete("a.txt"), CommitOperationDelete("b/", is_folder=True)]
    api.create_commit(repo, operations, commit_message="less")
    assert hub.files("model", repo) == {}
    with pytest.raises(EntryNotFoundError):
        api.create_commit(repo, [CommitOperationDelete("a.txt")], commit_message="again")


def test_a_folder_is_uploaded(hub, api, repo, tmp_path):
    (tmp_path / "given" / "assets").mkdir(parents=True)
    (tmp_path / "given" / "model.weights.h5").write_bytes(BIG)
    (tmp_path / "given" / "assets" / "vocabulary.json").write_text("{}")
    api.upload_folder(repo_id=repo, folder_path=tmp_path / "given")
    assert hub.files("model", repo) == {"assets/vocabulary.json": b"{}", "model.weights.h5": BIG}


# -- refusals --------------------------------------------------------------------------------------------------------


def test_who_may_not(hub, api, repo):
    with pytest.raises(HfHubHTTPError) as error:
        HfApi(endpoint=hub.url, token="hf_wrong").whoami()
    assert status(error) == 401
    with pytest.raises(HfHubHTTPError) as error:
        HfApi(endpoint=hub.url, token="hf_wrong").model_info(repo)
    assert status(error) == 401
    with pytest.raises(RepositoryNotFoundError):
        HfApi(endpoint=hub.url, token=False).model_info(repo)  # a private one is as if it were not there
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("zoe/absent")
    hub.make("model", "autre/secret", {"a.txt": b"1"}, private=True)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("autre/secret")
    hub.make("model", "autre/public", {"a.txt": b"1"})
    for refused in (
        lambda: api.create_repo("autre/faq"),
        lambda: send(api, "autre/public", {"a.txt": b"2"}),
        lambda: HfApi(endpoint=hub.url, token=hub.read_token).create_repo("zoe/other"),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            refused()
        assert status(error) == 403
    hub.make("model", "autre/gated", {"a.txt": b"1"}, gated=True)
    with pytest.raises(GatedRepoError):
        hf_hub_download("autre/gated", "a.txt", endpoint=hub.url, token=hub.token, cache_dir=hub.home / "hub")
    assert api.whoami()["name"] == "zoe" and api.whoami()["orgs"][0]["name"] == "classe"


def test_a_repository_is_made_once(hub, api, repo):
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo(repo)
    assert status(error) == 409
    assert api.create_repo(repo, exist_ok=True) == f"{hub.url}/zoe/faq"
    assert api.model_info(repo).private
    api.update_repo_settings(repo, private=False)
    assert not HfApi(endpoint=hub.url, token=False).model_info(repo).private
    api.delete_repo(repo)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(repo)


def test_a_stale_parent_is_refused(hub, api, repo):
    before = api.model_info(repo).sha
    hub.edit("model", repo, "README.md", b"mine", "Somebody else's")
    with pytest.raises(HfHubHTTPError) as error:
        send(api, repo, {"README.md": b"ours"}, parent_commit=before)
    assert status(error) == 412
    assert hub.files("model", repo) == {"README.md": b"mine"}


def test_a_card_is_validated(hub, api, repo):
    good = "---\nlicense: mit\nlanguage: fr\n---\n# Bonjour"
    send(api, repo, {"README.md": good.encode()})  # the client has it validated before it sends
    assert ("POST", "/api/validate-yaml", 200) in hub.requests
    for bad in (
        "---\nlicense: [unclosed\n---\n",
        "---\nlicense: free-for-all\n---\n",
        "---\nlanguage: Français\n---\n",
    ):
        with pytest.raises(ValueError, match="Invalid metadata"):
            send(api, repo, {"README.md": bad.encode()})
    assert hub.files("model", repo) == {"README.md": good.encode()}


# -- faults ----------------------------------------------------------------------------------------------------------


def test_a_status_is_given_as_often_as_asked(hub, api, repo):
    hub.fail(500, path="/commit/", times=2, body={"error": "of ours"})
    for _ in range(2):
        with pytest.raises(HfHubHTTPError, match="of ours"):
            send(api, repo, {"a.txt": b"1"})
    send(api, repo, {"a.txt": b"1"})
    assert hub.faults_left == 0
    assert [code for method, path, code in hub.requests if path.endswith("/commit/main")] == [500, 500, 200]
    hub.fail(429, method="PUT", headers={"Retry-After": "0"})  # the client waits as it is told, and goes on
    send(api, repo, {"w.h5": BIG})
    assert [code for method, path, code in hub.requests if method == "PUT"] == [429, 200]


def test_a_connection_is_cut_in_the_request(hub, api, repo):
    hub.cut(path="/commit/main", after=50)
    with pytest.raises(HTTPError):
        send(api, repo, {"a.txt": b"x" * 5_000_000})
    assert hub.files("model", repo) == {}
    hub.cut(method="PUT", after=1000)  # the client tries again by itself
    send(api, repo, {"w.h5": BIG})
    assert [code for method, path, code in hub.requests if method == "PUT"] == [0, 200]
    assert hub.files("model", repo) == {"w.h5": BIG}


def test_a_connection_is_cut_in_the_answer(hub, api, repo, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)  # what it had is kept by whole blocks
    send(api, repo, {"w.h5": BIG})
    hub.drop(path="/resolve/.*w.h5", after=60_000)
    place = hf_hub_download(repo, "w.h5", endpoint=hub.url, token=hub.token, cache_dir=tmp_path)
    assert (tmp_path / place).read_bytes() == BIG
    assert [code for method, path, code in hub.requests if method == "GET" and "resolve" in path] == [200, 206]


# -- spaces ----------------------------------------------------------------------------------------------------------


def test_a_space(hub, api):
    api.create_repo(
        "zoe/page", repo_type="space", space_sdk="gradio", space_hardware="cpu-basic",
        space_secrets=[{"key": "WORD", "value": "s"}], space_variables=[{"key": "LANG", "value": "fr"}],
    )  # fmt: skip
    assert api.get_space_runtime("zoe/page").stage == "NO_APP_FILE"
    assert "README.md" in hub.files("space", "zoe/page")
    send(api, "zoe/page", {"app.py": b"print()"}, repo_type="space")
    space = hub.repository("space", "zoe/page").space
    space.stages = ["BUILDING", "APP_STARTING", {"stage": "RUNTIME_ERROR", "errorMessage": "no"}]
    stages = [api.get_space_runtime("zoe/page") for _ in range(4)]
    assert [each.stage for each in stages] == ["BUILDING", "APP_STARTING", "RUNTIME_ERROR", "RUNTIME_ERROR"]
    assert stages[-1].raw["errorMessage"] == "no"
    space.logs = {"build": "one\n", "run": "two\nthree\n"}
    assert list(api.fetch_space_logs("zoe/page", build=True)) == ["one\n"]
    assert list(api.fetch_space_logs("zoe/page")) == ["two\n", "three\n"]
    assert space.secrets == {"WORD": "s"} and set(api.get_space_secrets("zoe/page")) == {"WORD"}
    api.add_space_secret("zoe/page", "KEY", "hidden")
    api.add_space_variable("zoe/page", "MODEL", "zoe/faq")
    assert space.secrets["KEY"] == "hidden"
    assert api.get_space_variables("zoe/page")["MODEL"].value == "zoe/faq"
    assert api.request_space_hardware("zoe/page", "t4-small").requested_hardware == "t4-small"
    assert api.space_info("zoe/page").sdk == "gradio"


def test_a_free_account_hosts_no_gradio(hub, api):
    hub.paying.clear()
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo("zoe/page", repo_type="space", space_sdk="gradio")
    assert status(error) == 402
    api.create_repo("zoe/page", repo_type="space", space_sdk="static")
    api.create_repo("zoe/zero", repo_type="space", space_sdk="gradio", space_hardware="zero-a10g")
