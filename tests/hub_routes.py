"""The Hub's addresses for repositories: making them, reading them, sending files, commits, tags."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.hub_store import PREFIX, Blob, Commit, Missing, Repository, changed, git_id, new_repository
from tests.hub_wire import Refused, Reply, Request, said

KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
NAME = r"[\w.-]+/[\w.-]+"
REPO = re.compile(rf"/api/(models|datasets|spaces)/({NAME})(?:/(.*))?")
FILE = re.compile(rf"/(datasets/|spaces/)?({NAME})/(?:resolve|raw)/([^/]+)/(.+)")
CACHED = re.compile(rf"/api/resolve-cache/(models|datasets|spaces)/({NAME})/([^/]+)/(.+)")
STALE = "A commit has happened since. Please refresh and try again."


class Routes:
    """Answers requests about repositories.

    Args:
        hub: who may do what (`readable`, `writable`, `user_of`), the repositories and the large contents.
    """

    def __init__(self, hub: Any) -> None:
        self.hub = hub

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/repos/create":
            return self._create(request)
        if request.path == "/api/repos/delete":
            return self._delete(request)
        if reply := self.hub.uploads.answer(request):
            return reply
        if match := request.matches(FILE.pattern) or request.matches(CACHED.pattern):
            return self._file(request, match)
        if match := request.matches(REPO.pattern):
            return self._repository(request, match)
        raise Refused(404, "Not found")

    # -- making and losing one -------------------------------------------------------------------------------------------

    def _create(self, request: Request) -> Reply:
        asked = request.json
        user = self.hub.user_of(request, must=True, write=True)
        owner = asked.get("organization") or user
        kind, name = asked.get("type") or "model", f"{owner}/{asked['name']}"
        self.hub.may_write(user, owner)
        url = f"{self.hub.url}/{PREFIX[kind]}{name}"
        if (kind, name) in self.hub.repositories:
            raise Refused(409, f"You already created this {kind} repo: {name}", url=url)
        if kind == "space":
            self.hub.may_host(owner, asked.get("sdk"), asked.get("hardware"))
        private = asked.get("visibility", "private" if asked.get("private") else "public") == "private"
        made = new_repository(kind, name, private=private, sdk=asked.get("sdk"), author=user)
        if made.space:
            made.space.hardware = asked.get("hardware") or "cpu-basic"
            made.space.secrets = {each["key"]: each["value"] for each in asked.get("secrets") or []}
            made.space.variables = {each["key"]: each["value"] for each in asked.get("variables") or []}
        self.hub.repositories[kind, name] = made
        return said({"url": url, "name": name, "id": name})

    def _delete(self, request: Request) -> Reply:
        asked = request.json
        user = self.hub.user_of(request, must=True, write=True)
        name = f"{asked.get('organization') or user}/{asked['name']}"
        repository = self.hub.writable(request, asked.get("type") or "model", name)
        del self.hub.repositories[repository.kind, name]
        return said({})

    # -- files -----------------------------------------------------------------------------------------------------------

    def _file(self, request: Request, match: re.Match[str]) -> Reply:
        repository = self.hub.readable(request, _kind(match[1]), match[2])
        path = unquote(match[4])
        try:
            commit, blob = repository.entry(unquote(match[3]), path)
        except Missing as missing:
            code, *at = missing.args
            refused = Refused(404, "Entry not found" if at else "Revision not found", code)
            if at:
                refused.reply.headers["X-Repo-Commit"] = at[0]
            raise refused from missing
        headers = {
            "ETag": f'"{blob.etag}"',
            "X-Repo-Commit": commit.oid,
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        }
        if blob.large:
            headers |= {"X-Linked-Size": str(blob.size), "X-Linked-Etag": f'"{blob.etag}"'}
        content = self.hub.forged.get((repository.kind, repository.name, path), blob.content)
        return _ranged(request, content, headers)

    # -- one repository --------------------------------------------------------------------------------------------------

    def _repository(self, request: Request, match: re.Match[str]) -> Reply:
        kind, name = KINDS[match[1]], match[2]
        words = [unquote(word) for word in (match[3] or "").split("/") if word]
        writes = request.method != "GET" and words[:1] != ["paths-info"]
        repository = (self.hub.writable if writes else self.hub.readable)(request, kind, name)
        if repository.space and (reply := self.hub.spaces.answer(request, repository, words)):
            return reply
        verbs: dict[str, Callable[[Request, Repository, list[str]], Reply]] = {
            "": self._info, "revision": self._info, "tree": self._tree, "refs": self._refs, "commits": self._commits,
            "preupload": self._preupload, "commit": self._commit, "tag": self._tag, "branch": self._branch,
            "paths-info": self._paths, "settings": self._settings, "auth-check": self._allowed,
        }  # fmt: skip
        verb = words[0] if words else ""
        if verb not in verbs:
            raise Refused(404, f"Not found: {verb}")
        try:
            return verbs[verb](request, repository, words[1:])
        except Missing as missing:
            raise Refused(404, f"{missing.args[0]}: {'/'.join(words[1:])}", missing.args[0]) from missing

    def _allowed(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        if words == ["write"]:
            self.hub.writable(request, repository.kind, repository.name)
        return said({})

    def _info(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        commit = repository.at(words[0] if words else "main")
        blobs = request.asks("blobs")
        about: dict[str, Any] = {
            "_id": git_id("id", repository.name.encode())[:24],
            "id": repository.name,
            "author": repository.name.split("/")[0],
            "sha": commit.oid,
            "lastModified": commit.date,
            "private": repository.private,
            "gated": "auto" if repository.gated else False,
            "disabled": False,
            "tags": [],
            "siblings": [_sibling(path, blob, blobs) for path, blob in sorted(commit.files.items())],
        }
        if repository.space:
            about |= {"sdk": repository.space.sdk, "runtime": self.hub.spaces.runtime(repository)}
        return said(about)

    def _tree(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        commit, under = repository.at(words[0]), "/".join(words[1:])
        entries = _tree(commit, under, recursive=request.asks("recursive"))
        if under and not entries:
            raise Missing("EntryNotFound")
        start = int(request.query.get("cursor", ["0"])[0])
        page = entries[start : start + self.hub.page]
        headers = {}
        if start + self.hub.page < len(entries):
            others = "".join(f"&{name}={values[0]}" for name, values in request.query.items() if name != "cursor")
            headers["Link"] = f'<{self.hub.url}{request.path}?cursor={start + self.hub.page}{others}>; rel="next"'
        return said(page, headers=headers)

    def _paths(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        if "json" in request.headers.get("content-type", ""):
            paths = request.json["paths"]
        else:
            paths = parse_qs(request.body.decode()).get("paths", [])
        entries = {entry["path"]: entry for entry in _tree(repository.at(words[0]), "", recursive=True)}
        return said([entries[path] for path in paths if path in entries])

    def _refs(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        def listed(names: dict[str, str], kind: str) -> list[dict[str, str]]:
            return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in names.items()]

        tags = repository.tags | repository.annotated
        return said({"branches": listed(repository.branches, "heads"), "tags": listed(tags, "tags"),
                     "converts": [], "pullRequests": []})  # fmt: skip

    def _commits(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        return said([
            {"id": each.oid, "title": each.title, "message": each.message, "date": each.date,
             "authors": [{"user": each.author}]}
            for each in repository.history(words[0])
        ])  # fmt: skip

    def _settings(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        asked = request.json
        if "visibility" in asked or "private" in asked:
            repository.private = asked.get("visibility", "private" if asked.get("private") else "public") == "private"
        return said({"private": repository.private})

    # -- writing ---------------------------------------------------------------------------------------------------------

    def _preupload(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        commit = repository.at(words[0])
        return said({"files": [self._how(repository, commit, asked) for asked in request.json["files"]]})

    def _how(self, repository: Repository, commit: Commit, asked: dict[str, Any]) -> dict[str, Any]:
        path = asked["path"]
        large = repository.is_large(commit, path, asked["size"], base64.b64decode(asked.get("sample") or ""))
        there = commit.files.get(path)
        return {"path": path, "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": repository.ignores(commit, path),
                **({"oid": there.etag} if there else {})}  # fmt: skip

    def _commit(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        header, *operations = [json.loads(line) for line in request.body.splitlines()]
        head = repository.at(words[0])
        parent = header["value"].get("parentCommit")
        if words[0] not in repository.branches:
            raise Missing("RevisionNotFound")
        if parent and not head.oid.startswith(parent):
            raise Refused(412, STALE)
        files = changed(head.files, operations, self.hub.large)
        self.hub.check_card(repository.kind, files.get("README.md"))
        value = header["value"]
        made = repository.add(
            words[0], files, value["summary"], message=value.get("description", ""), author=self.hub.user_of(request)
        )
        url = f"{self.hub.url}/{repository.place}/commit/{made.oid}"
        return said({"success": True, "commitOid": made.oid, "commitUrl": url})

    def _tag(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        if request.method == "DELETE":
            if repository.tags.pop(words[0], None) is None:
                raise Missing("RevisionNotFound")
            return said({})
        tag = request.json["tag"]
        if tag in repository.tags:
            raise Refused(409, f"Tag {tag} already exists")
        repository.tags[tag] = repository.at(words[0]).oid
        if words_of_it := request.json.get("message"):
            repository.annotated[tag] = git_id("tag", words_of_it.encode())
        return said({})

    def _branch(self, request: Request, repository: Repository, words: list[str]) -> Reply:
        if request.method == "DELETE":
            if repository.branches.pop(words[0], None) is None:
                raise Missing("RevisionNotFound")
            return said({})
        if words[0] in repository.branches:
            raise Refused(409, f"Branch {words[0]} already exists")
        repository.branches[words[0]] = repository.at(request.json.get("startingPoint", "main")).oid
        return said({})


def _kind(prefix: str | None) -> str:
    return KINDS.get((prefix or "models").rstrip("/"), "model")


def _lfs(blob: Blob) -> dict[str, Any]:
    return {"oid": blob.sha256, "sha256": blob.sha256, "size": blob.size, "pointerSize": len(blob.pointer)}


def _sibling(path: str, blob: Blob, blobs: bool) -> dict[str, Any]:
    known = {"size": blob.size, "blobId": blob.oid, **({"lfs": _lfs(blob)} if blob.large else {})}
    return {"rfilename": path, **(known if blobs else {})}


def _tree(commit: Commit, under: str, *, recursive: bool) -> list[dict[str, Any]]:
    """Files and folders below a place, as the Hub lists them."""
    start = f"{under}/" if under else ""
    entries: dict[str, dict[str, Any]] = {}
    for path, blob in sorted(commit.files.items()):
        if not path.startswith(start):
            continue
        parts = path[len(start) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            folder = start + "/".join(parts[:depth])
            entries[folder] = {"type": "directory", "oid": git_id("tree", folder.encode()), "size": 0, "path": folder}
        if recursive or len(parts) == 1:
            large = {"lfs": _lfs(blob)} if blob.large else {}
            entries[path] = {"type": "file", "oid": blob.oid, "size": blob.size, "path": path, **large}
    return list(entries.values())


def _ranged(request: Request, content: bytes, headers: dict[str, str]) -> Reply:
    """The bytes that are asked for ("Range: bytes=5-"), or all."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not match:
        return Reply(body=content, headers={**headers, "Content-Length": str(len(content))})
    start, end = int(match[1]), min(int(match[2] or len(content) - 1), len(content) - 1)
    if start > end:
        return Reply(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    part = content[start : end + 1]
    return Reply(status=206, body=part, headers={**headers, "Content-Range": f"bytes {start}-{end}/{len(content)}"})
