"""What a Hub keeps: repositories with commits, branches and tags; contents under the names that git and LFS give them."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatch

PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}  # of a repository's address
LARGE = 10 << 20  # bytes from which a file is large, whatever its name
LARGE_NAMES = (
    "*.h5", "*.safetensors", "*.parquet", "*.bin", "*.onnx", "*.model", "*.pt", "*.pth", "*.npz", "*.zip", "*.wasm",
)  # fmt: skip
ATTRIBUTES = "".join(f"{name} filter=lfs diff=lfs merge=lfs -text\n" for name in LARGE_NAMES)


class Missing(LookupError):
    """What is not there: its argument is the Hub's code ("RevisionNotFound", "EntryNotFound")."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A file's content; `large` as LFS keeps it."""

    content: bytes
    large: bool

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def pointer(self) -> bytes:
        """What git holds in the place of a large file."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()

    @property
    def oid(self) -> str:
        return git_id("blob", self.pointer if self.large else self.content)

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.oid


@dataclass(frozen=True, kw_only=True)
class Commit:
    oid: str
    title: str
    message: str
    date: str
    author: str
    parent: str | None
    files: dict[str, Blob]


@dataclass
class Space:
    """The state of a Space: `stages` is the script of its runtime, whose last one stays; None: what its files give."""

    sdk: str = "gradio"
    stages: list[str | dict[str, object]] | None = None
    hardware: str = "cpu-basic"
    secrets: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)  # "build", "run" -> text


@dataclass
class Repository:
    kind: str
    name: str
    private: bool
    gated: bool = False
    space: Space | None = None
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    annotated: dict[str, str] = field(default_factory=dict)  # tags with a message: listed by an object of their own

    @property
    def place(self) -> str:
        """Of its page."""
        return PREFIX[self.kind] + self.name

    def at(self, revision: str) -> Commit:
        """The commit of a branch, a tag or (the start of) a commit's name."""
        oid = self.branches.get(revision.removeprefix("refs/heads/")) or self.tags.get(revision)
        if oid is None and len(revision) >= 7:
            oid = next((known for known in self.commits if known.startswith(revision)), None)
        if oid is None:
            raise Missing("RevisionNotFound")
        return self.commits[oid]

    def add(self, branch: str, files: dict[str, Blob], title: str, *, message: str = "", author: str) -> Commit:
        """A new commit at the head of a branch, which has exactly these files."""
        parent = self.branches.get(branch)
        date = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        tree = "".join(f"{path} {blob.oid}\n" for path, blob in sorted(files.items()))
        number = len(self.commits)  # two equal commits within a millisecond have two names
        oid = git_id("commit", f"{tree}{parent}{title}{date}{number}".encode())
        commit = Commit(
            oid=oid, title=title, message=message, date=date, author=author, parent=parent, files=dict(files)
        )
        self.commits[oid], self.branches[branch] = commit, oid
        return commit

    def history(self, revision: str) -> list[Commit]:
        """Newest first."""
        found, oid = [], self.at(revision).oid
        while oid is not None:
            found.append(self.commits[oid])
            oid = self.commits[oid].parent
        return found

    def entry(self, revision: str, path: str) -> tuple[Commit, Blob]:
        commit = self.at(revision)
        if path not in commit.files:
            raise Missing("EntryNotFound", commit.oid)
        return commit, commit.files[path]

    def attributes(self, commit: Commit) -> list[str]:
        """The names of files that are large ones, as .gitattributes says."""
        blob = commit.files.get(".gitattributes")
        lines = blob.content.decode().splitlines() if blob else []
        return [line.split()[0] for line in lines if "filter=lfs" in line]

    def ignores(self, commit: Commit, path: str) -> bool:
        """Whether the repository's .gitignore leaves a file out of commits."""
        blob = commit.files.get(".gitignore")
        lines = blob.content.decode().split() if blob else []
        return any(fnmatch(path, line) or fnmatch(path.rsplit("/", 1)[-1], line) for line in lines)

    def is_large(self, commit: Commit, path: str, size: int, sample: bytes) -> bool:
        """Whether a file goes to LFS: by its size, its name, or as no text."""
        named = any(fnmatch(path.rsplit("/", 1)[-1], name) for name in self.attributes(commit))
        return size > 0 and (size > LARGE or named or b"\0" in sample)


def git_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def new_repository(kind: str, name: str, *, private: bool, sdk: str | None, author: str) -> Repository:
    """As the Hub makes one: its first commit has a .gitattributes, and the card of a Space."""
    repository = Repository(kind=kind, name=name, private=private, space=Space(sdk=sdk or "gradio"))
    if kind != "space":
        repository.space = None
    files = {".gitattributes": Blob(content=ATTRIBUTES.encode(), large=False)}
    if kind == "space":
        card = f"---\ntitle: {name.split('/')[1]}\nsdk: {sdk}\ncolorFrom: blue\ncolorTo: gray\n---\n"
        files["README.md"] = Blob(content=card.encode(), large=False)
    repository.add("main", files, "initial commit", author=author)
    return repository


def changed(
    files: dict[str, Blob], operations: list[dict[str, dict[str, str]]], large: dict[str, bytes]
) -> dict[str, Blob]:
    """The files after a commit's operations, in their order.

    Args:
        files: before.
        operations: ``{"key": "file" | "lfsFile" | "deletedFile" | "deletedFolder", "value": {…}}``.
        large: contents that were uploaded, by their sha256.

    Raises:
        Missing: a file to delete is not there, or a large one was never uploaded.
    """
    import base64

    files = dict(files)
    for operation in operations:
        value = operation["value"]
        path = value["path"]
        if operation["key"] == "file":
            files[path] = Blob(content=base64.b64decode(value["content"]), large=False)
        elif operation["key"] == "lfsFile":
            if value["oid"] not in large:
                raise Missing("LfsNotFound")
            files[path] = Blob(content=large[value["oid"]], large=True)
        elif operation["key"] == "deletedFile":
            if files.pop(path, None) is None:
                raise Missing("EntryNotFound")
        elif operation["key"] == "deletedFolder":
            files = {place: blob for place, blob in files.items() if not place.startswith(path.rstrip("/") + "/")}
        else:
            raise ValueError(operation["key"])
    return files


def spoiled(blob: Blob, content: bytes) -> Blob:
    """Another content in the same place; for tests that forge."""
    return replace(blob, content=content)
