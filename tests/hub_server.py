"""A Hugging Face Hub on this machine: a real HTTP server that the real `huggingface_hub` client speaks to.

with hub_running(tmp_path) as hub:
    HfApi(endpoint=hub.url, token=hub.token).create_repo("zoe/faq", private=True)
    hub.fail(429, path="commit")                      # the next commit is refused
    hub.cut(method="PUT", after=1000)                 # the next upload's connection is closed after so many bytes
    hub.drop(path="model.weights.h5", after=1000)     # the next download's
    hub.files("model", "zoe/faq")                     # what is there now
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hub_cards import card_errors
from tests.hub_faults import Fault, Faults
from tests.hub_routes import Routes
from tests.hub_spaces import Spaces
from tests.hub_store import Blob, Commit, Repository, new_repository
from tests.hub_uploads import Uploads
from tests.hub_wire import HubServer, Refused, Reply, Request, said

TOKEN, READ_TOKEN = "hf_local_test", "hf_local_read"
NO_TOKEN = "Invalid username or password."
BAD_TOKEN = "Invalid credentials in Authorization header"


class Hub:
    """The server, and what a test asks of it or does to it.

    Args:
        home: the folder that stands for the user's cache (HF_HOME).
    """

    def __init__(self, home: Path) -> None:
        self.token, self.read_token, self.user, self.orgs = TOKEN, READ_TOKEN, "zoe", ["classe"]
        self.teammates: dict[str, str] = {}
        self.paying = {"zoe", "classe"}  # who may host Gradio on a processor; take one out for a 402
        self.page = 1000  # entries of a tree in one answer
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}  # uploaded and verified, by sha256
        self.sending: dict[str, bytes] = {}  # uploaded only
        self.forged: dict[tuple[str, str, str], bytes] = {}  # downloads that are not what the Hub announces
        self.spaces, self.uploads, self.routes = Spaces(self), Uploads(self), Routes(self)
        self._faults = Faults()
        self.home, self._lock = home, threading.RLock()
        self.server = HubServer(self._answer, self._faults)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    # -- for tests: what is there ----------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """(method, path, status) in their order; 0 for one whose connection was cut."""
        return self.server.requests

    def env(self) -> dict[str, str]:
        """For a subprocess: the whole environment, with this Hub in it."""
        return {**os.environ, **self.settings()}

    def settings(self) -> dict[str, str]:
        return {"HF_ENDPOINT": self.url, "HF_TOKEN": self.token, "HF_HOME": str(self.home),
                "HF_HUB_CACHE": str(self.home / "hub"), "HF_TOKEN_PATH": str(self.home / "token"),
                "HF_DATASETS_CACHE": str(self.home / "datasets"), "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                "HF_HUB_DISABLE_UPDATE_CHECK": "1"}  # fmt: skip

    def repository(self, kind: str, name: str) -> Repository:
        return self.repositories[kind, name]

    def files(self, kind: str, name: str, revision: str = "main") -> dict[str, bytes]:
        """By their places; the Hub's own .gitattributes is left out."""
        files = self.repository(kind, name).at(revision).files
        return {path: blob.content for path, blob in sorted(files.items()) if path != ".gitattributes"}

    def commits(self, kind: str, name: str) -> list[Commit]:
        """Newest first."""
        return self.repository(kind, name).history("main")

    def tags(self, kind: str, name: str) -> dict[str, str]:
        """Commits by the tags' names."""
        return dict(self.repository(kind, name).tags)

    # -- for tests: what others do ---------------------------------------------------------------------------------------

    def make(
        self, kind: str, name: str, files: dict[str, bytes], *, private: bool = False, gated: bool = False
    ) -> Commit:
        """A repository that is there already, with these files."""
        self.repositories[kind, name] = new_repository(kind, name, private=private, sdk="gradio", author="autre")
        self.repositories[kind, name].gated = gated
        return self._add(kind, name, files, "Files")

    def teammate(self, token: str, name: str) -> None:
        """Another user of the same organisations, by a token of theirs."""
        self.teammates[token] = name

    def edit(self, kind: str, name: str, path: str, content: bytes, title: str) -> Commit:
        """Somebody else's commit."""
        return self._add(kind, name, {path: content}, title)

    def _add(self, kind: str, name: str, files: dict[str, bytes], title: str) -> Commit:
        with self._lock:
            repository = self.repository(kind, name)
            head = repository.at("main")
            new = {
                path: Blob(content=content, large=repository.is_large(head, path, len(content), content[:512]))
                for path, content in files.items()
            }
            self.large |= {blob.sha256: blob.content for blob in new.values() if blob.large}
            return repository.add("main", {**head.files, **new}, title, author="autre")

    def forge(self, kind: str, name: str, path: str, content: bytes) -> None:
        """What is downloaded from there is not what the Hub announces."""
        self.forged[kind, name, path] = content

    def fail(
        self, status: int, *, method: str = "", path: str = "", times: int = 1,
        headers: dict[str, str] | None = None, body: Any = None,
    ) -> None:  # fmt: skip
        """The next requests answer with that status."""
        self._faults.add(Fault(
            kind="fail", method=method, path=path, times=times, status=status, headers=headers or {}, body=body
        ))  # fmt: skip

    def cut(self, *, method: str = "", path: str = "", times: int = 1, after: int = 1000) -> None:
        """The next requests' connection is closed after so many bytes of their body, without an answer."""
        self._faults.add(Fault(kind="cut", method=method, path=path, times=times, after=after))

    def drop(self, *, method: str = "GET", path: str = "", times: int = 1, after: int = 1000) -> None:
        """The next answers' connection is closed after so many bytes of their body."""
        self._faults.add(Fault(kind="drop", method=method, path=path, times=times, after=after))

    def well(self) -> None:
        """No fault is left."""
        self._faults.clear()

    @property
    def faults_left(self) -> int:
        """How many requests are still to fail."""
        return self._faults.left

    # -- who may do what -------------------------------------------------------------------------------------------------

    def user_of(self, request: Request, *, must: bool = False, write: bool = False) -> str:
        """Whose token it is; "" without one."""
        if request.token is None:
            if must:
                raise Refused(401, NO_TOKEN)
            return ""
        if request.token in self.teammates:
            return self.teammates[request.token]
        if request.token not in (self.token, self.read_token):
            raise Refused(401, BAD_TOKEN)
        if write and request.token == self.read_token:
            raise Refused(403, "You have read access but not the required permissions for this operation")
        return self.user

    def may_write(self, user: str, owner: str) -> None:
        if owner not in (user, *self.orgs):
            raise Refused(403, f'You don\'t have the rights to create a repo under the namespace "{owner}"')

    def may_host(self, owner: str, sdk: str | None, hardware: str | None) -> None:
        """Free accounts host static pages and ZeroGPU only."""
        if sdk != "static" and hardware != "zero-a10g" and owner not in self.paying:
            raise Refused(402, "Gradio and Docker Spaces on CPU require a PRO subscription or a Team organization")

    def readable(self, request: Request, kind: str, name: str) -> Repository:
        user, repository = self.user_of(request), self.repositories.get((kind, name))
        mine = user and name.split("/")[0] in (user, *self.orgs)
        if repository is None or (repository.private and not mine):
            raise (
                Refused(404, "Repository not found", "RepoNotFound") if user else Refused(401, NO_TOKEN, "RepoNotFound")
            )
        if repository.gated and not mine and "resolve" in request.path:
            raise Refused(403 if user else 401, f"Access to {kind} {name} is restricted", "GatedRepo")
        return repository

    def writable(self, request: Request, kind: str, name: str) -> Repository:
        repository = self.readable(request, kind, name)
        user = self.user_of(request, must=True, write=True)
        if name.split("/")[0] not in (user, *self.orgs):
            raise Refused(403, f"You don't have the rights to write to {name}")
        return repository

    def check_card(self, kind: str, card: Blob | None) -> None:
        errors = card_errors(kind, card.content.decode())[0] if card else []
        if errors:
            raise Refused(400, "Invalid metadata in README.md", errors=[{"message": error} for error in errors])

    # -- answering -------------------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            if request.path == "/api/whoami-v2":
                return self._whoami(request)
            if request.path == "/api/validate-yaml":
                return self._validated(request)
            return self.routes.answer(request)

    def _whoami(self, request: Request) -> Reply:
        user = self.user_of(request, must=True)
        role = "read" if request.token == self.read_token else "write"
        return said({
            "type": "user", "id": "1", "name": user, "fullname": user.title(), "isPro": user in self.paying,
            "orgs": [{"type": "org", "name": org, "fullname": org, "roleInOrg": "write"} for org in self.orgs],
            "auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": role}},
        })  # fmt: skip

    def _validated(self, request: Request) -> Reply:
        errors, warnings = card_errors(request.json["repoType"], request.json["content"])
        answer = {
            "errors": [{"message": text} for text in errors],
            "warnings": [{"message": text} for text in warnings],
        }
        return said(answer, status=400 if errors else 200)


@contextmanager
def hub_running(home: Path) -> Iterator[Hub]:
    """A Hub that answers until the block ends."""
    hub = Hub(home)
    threading.Thread(target=hub.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield hub
    finally:
        hub.server.shutdown()
        hub.server.server_close()
