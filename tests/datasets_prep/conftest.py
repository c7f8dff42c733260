"""What the tests of this floor share: French messages, and short ways to write a file and prepare it."""

import time
from collections.abc import Callable
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
def growth():
    """How much longer work takes on twice as much: about 2 when time grows with the size, 4 when with its square.

    `growth(read, small, twice_as_much)` is of processor time, the best of three runs each: another program on the
    machine changes nothing. What takes less than ten milliseconds is too short to be told apart, and gives about 1.
    """

    def seconds(work: Callable[[object], object], given: object) -> float:
        start = time.process_time()
        work(given)
        return time.process_time() - start + 0.01

    def ratio(work: Callable[[object], object], small: object, large: object) -> float:
        return min(seconds(work, large) for _ in range(3)) / min(seconds(work, small) for _ in range(3))

    return ratio


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
