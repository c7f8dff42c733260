"""What the tests of this floor share: French messages, and short ways to write a file and prepare it."""

from pathlib import Path

import pytest

from chatbot.language import current_language, set_language
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet


@pytest.fixture(autouse=True)
def french():
    before = current_language()
    set_language("fr")
    yield
    set_language(before)


@pytest.fixture
def write(tmp_path):
    """Writes a file of the test's folder: text as UTF-8, bytes as they are."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def prepared(tmp_path):
    """Prepares sources into the test's folder and opens the result."""

    def prepare_and_open(*sources: object, **options) -> PreparedSet:
        out = options.pop("out", tmp_path / "out")
        return PreparedSet.open(prepare(PrepareConfig(sources=tuple(map(str, sources)), out=out, **options)))

    return prepare_and_open


@pytest.fixture(scope="session")
def medquad_whole(shared_data, tmp_path_factory):
    """MedQuAD whole, prepared once for all tests."""
    out = tmp_path_factory.mktemp("medquad") / "out"
    prepare(PrepareConfig(sources=("medquad",), from_file=shared_data / "medquad" / "medquad.csv.gz", out=out))
    return PreparedSet.open(out)
