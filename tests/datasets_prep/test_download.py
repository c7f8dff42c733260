"""Downloads: what is on disk is used without a network, and what cannot be had is told within seconds.

Servers and sockets are real ones, on this machine; the three libraries are the real ones, and none is mocked.
"""

import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

import datasets_prep.download as download
from chatbot.errors import WorldError
from datasets_prep.download import KaggleFile, on_disk_or_downloaded
from datasets_prep.sources import SOURCES
from datasets_prep.spec import Given

ROOT = Path(__file__).resolve().parents[2]
CLOSED = "http://127.0.0.1:9"  # the discard port: nothing listens there
COMMIT = "1484d06fe7af23030c7c977b12556108d1f67039"


@dataclass(frozen=True, kw_only=True)
class Place:
    """An upstream at an address of the test."""

    address: str
    site: str = "Ici"
    by_hand: str = "https://example.org/a.csv"
    file: str = "a.csv"

    def on_disk(self):
        return None

    def fetch(self):
        raise AssertionError("the connection is checked first")


@pytest.fixture
def offline(tmp_path):
    """Runs Python where no site answers, with caches of its own."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), CLOSED)
    caches = {"KAGGLEHUB_CACHE": tmp_path / "kaggle", "HF_HOME": tmp_path / "hf", "TFDS_DATA_DIR": tmp_path / "tfds"}
    environment = {**os.environ, **proxies, **{key: str(path) for key, path in caches.items()}, "NO_PROXY": "", "no_proxy": ""}  # fmt: skip
    environment |= {"HF_ENDPOINT": CLOSED, "HF_HUB_DISABLE_XET": "1", "CAUSETTE_LANG": "fr", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}  # fmt: skip

    def run(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, words)],
            cwd=tmp_path, env=environment | variables, capture_output=True, encoding="utf-8", timeout=120,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("source", "address", "command"),
    [
        ("medquad", "https://www.kaggle.com/datasets/jpmiller/layoutlm", "medquad --from medquad.csv"),
        ("cancer", "https://www.kaggle.com/datasets/falgunipatel19/", "cancer --from alldata_1_for_kaggle.csv"),
        ("corona_tweets:test", "https://www.kaggle.com/datasets/datatattle/", "corona_tweets:test --from Corona_NLP_test.csv"),
        ("corona_tweets", "Corona_NLP_train.csv et Corona_NLP_test.csv à la main", "corona_tweets --from ."),
        ("financial_phrasebank", "https://huggingface.co/datasets/takala/financial_phrasebank/resolve/main/data/", "financial_phrasebank --from FinancialPhraseBank-v1.0.zip"),
        ("scientific_papers", "https://drive.google.com/uc?id=", "scientific_papers:arxiv --from arxiv-dataset.zip"),
    ],
)  # fmt: skip
def test_every_loader_fails_at_once_without_a_network(source, address, command, offline, tmp_path):
    done = offline("-m", "app", "prepare", source, "--out", "out")
    assert done.returncode == 1, done.stderr
    told = done.stderr.strip().splitlines()[-2:]
    assert re.search(r"\((ProxyError|ConnectionError)\)", told[0]), "the first look at the site must have told it"
    assert address in told[0] and f"causette prepare {command} --out data/{source.partition(':')[0]}" in told[1]
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def test_a_site_that_never_answers(monkeypatch):
    """It takes the call, and is silent: what makes TFDS wait for minutes."""
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(
            WorldError, match=r"depuis Ici \(ReadTimeout\).*a\.csv.*\n.*causette prepare x:y --from a\.csv --out data/x"
        ),
    ):
        on_disk_or_downloaded(Place(address=f"http://127.0.0.1:{silent.getsockname()[1]}"), "X", "x:y")


class Full(Place):
    """A download that the disk has no room for."""

    def fetch(self):
        Path("/dev/full").write_text("x", encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_is_no_fault_of_the_network(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(WorldError, match=r"X n'a pas pu être gardé sur le disque.: le disque est plein\."):
            on_disk_or_downloaded(Full(address=f"http://127.0.0.1:{server.server_port}/"), "X", "x")
        server.shutdown()


class Hub(http.server.BaseHTTPRequestHandler):
    """What of the Hub a download of one file asks for."""

    data = b""
    asked: list[tuple[str, str]]

    def do_HEAD(self, body: bytes = b"") -> None:
        self.asked.append((self.command, self.path))
        found = self.path.endswith("/FinancialPhraseBank-v1.0.zip")
        self.send_response(200 if found else 404)
        for name, value in (("ETag", '"e1"'), ("X-Repo-Commit", COMMIT), ("Content-Length", str(len(self.data)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if found else b"")

    def do_GET(self) -> None:
        self.do_HEAD(self.data)

    def log_message(self, *_: object) -> None:
        pass


TWICE = """
import sys
from app.main import main
runs = (["prepare", "financial_phrasebank", "--out", out] for out in "ab")
sys.exit(max(main(words) for words in (*runs, ["data", "list"])))
"""


def test_from_the_hub_then_from_the_disk(offline, tmp_path):
    path = tmp_path / "phrasebank.zip"
    with zipfile.ZipFile(path, "w") as archive:
        lines = "".join(f"Profit number {n} rose .@positive\n" for n in "abcdefgh")
        archive.writestr("FinancialPhraseBank-v1.0/Sentences_50Agree.txt", lines)
    handler = type("Server", (Hub,), {"data": path.read_bytes(), "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    done = offline("-c", TWICE, HF_ENDPOINT=endpoint, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    server.shutdown()
    server.server_close()
    assert done.returncode == 0, done.stderr
    methods = [method for method, _ in handler.asked]
    assert methods.count("GET") == handler.asked.count(("HEAD", "/")) == 1  # the second time nobody is asked
    manifest = (tmp_path / "a" / "manifest.json").read_text(encoding="utf-8")
    assert f'"revision": "Hub takala/financial_phrasebank, {COMMIT}"' in manifest
    assert (tmp_path / "a" / "train.jsonl").read_bytes() == (tmp_path / "b" / "train.jsonl").read_bytes()
    assert re.search(r"financial_phrasebank +en .* \d+,\d Ko|financial_phrasebank +en .* \d+ o", done.stdout)


def test_kaggle_files_on_disk(tmp_path, monkeypatch):
    """The newest whole version, where kagglehub itself keeps it."""
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    from kagglehub.cache import Cache
    from kagglehub.handle import DatasetHandle

    upstream = KaggleFile(handle="jpmiller/layoutlm", file="medquad.csv")
    assert upstream.on_disk() is None
    for version in (2, 10, 11):
        handle = DatasetHandle(owner="jpmiller", dataset="layoutlm", version=version)
        path = Path(Cache().get_path(handle, "medquad.csv"))
        path.parent.mkdir(parents=True)
        path.write_text("question,answer,source,focus_area\n")
        if version < 11:  # the last one was cut off
            Cache().mark_as_complete(handle, "medquad.csv")
    found = upstream.on_disk()
    assert found == path.parents[1] / "10" / "medquad.csv"
    assert on_disk_or_downloaded(upstream, "MedQuAD", "medquad") == found
    assert upstream.revision(found) == "Kaggle jpmiller/layoutlm, version 10"
    assert upstream.revision(Path("/kaggle/input/layoutlm/medquad.csv")) == "Kaggle jpmiller/layoutlm"


@pytest.mark.parametrize("originals", [False, True])
def test_papers_of_tfds_on_disk(originals, tmp_path, monkeypatch):
    """TFDS's own records, written by TFDS; or the originals that it leaves among its downloads, which are better."""
    from app.quiet import load_tfds

    load_tfds()
    import tensorflow_datasets as tfds

    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    text = tfds.features.Text()
    paper = {"article": "we study é . it grows .", "abstract": "it grows .", "section_names": "a\nb\nc"}
    tfds.dataset_builders.store_as_tfds_dataset(
        name="scientific_papers", config="arxiv", version="1.1.1", data_dir=str(tmp_path),
        features=tfds.features.FeaturesDict(dict.fromkeys(paper, text)), split_datasets={"train": [("1", paper)], "test": [("2", paper)]},
    )  # fmt: skip
    upstream = next(one for one in SOURCES["scientific_papers"].upstreams if "arxiv" in one.file)
    if originals:
        folder = tmp_path / "downloads" / "extracted" / "ZIP.x" / "arxiv-dataset"
        folder.mkdir(parents=True)
        (folder.parents[1] / "incomplete.X_ZIP.y" / "arxiv-dataset").mkdir(parents=True)
        (folder / "train.txt").write_text('{"article_id": "7", "abstract_text": ["it grows ."], "section_names": ["a"], "sections": [["we study ."]]}')  # fmt: skip
        assert upstream.on_disk() == folder
    reading = SOURCES["scientific_papers"].read(Given(part="arxiv"))
    rows = list(reading.rows)
    tasks = [row.meta["task"] for row in rows]
    assert tasks == (["summary", "section"] if originals else ["summary", "outline"] * 2)
    assert reading.revision == "TFDS scientific_papers:1.1.1"
    assert rows[0].answer == "it grows."
    assert len(reading.files) == (1 if originals else 4)
