"""`benchmarks.prepare`: both sides' figures are told, a peer that is not there is said to be so."""

import json
import subprocess
import sys
import venv

import pytest

from benchmarks.prepare import _ratios, packing, write_rows
from benchmarks.watched import Failed, watched


@pytest.fixture(scope="module")
def tokenizer(shared_data):
    return shared_data / "gpt2_tokenizer"


def test_our_side_tokenises_and_packs_every_row(tmp_path, tokenizer):
    write_rows(tmp_path / "rows.csv", 50)
    bare = tmp_path / "bare"
    venv.create(bare)  # a Python without the peer's packages
    python = bare / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    result = packing(tmp_path / "rows.csv", tokenizer, str(python), rounds=1)
    assert list(result["sides"]) == ["causette"] and result["same_ids"] and result["ratios"] == {}
    assert set(result["not_measured"]) == {"datasets_1", "datasets_2"}
    assert all("No module named" in why for why in result["not_measured"].values())
    ours = result["sides"]["causette"]
    assert ours["dialogues"] == 50 and 0 < ours["encode_seconds"] <= ours["seconds"] < ours["process_seconds"]
    assert ours["packed_rows"] >= ours["tokens"] / 1025


def test_ratios_are_theirs_over_ours_round_by_round():
    def runs(*seconds):
        return [{"seconds": each, "process_seconds": 2 * each} for each in seconds]

    found = _ratios({"causette": runs(1, 2, 4), "peer": runs(3, 2, 8)})
    assert found["ratios"] == {"peer": 2, "peer_process": 2} and found["spread"]["peer"] == [1, 3]


def test_the_memory_of_children_is_counted():
    child = "import time; block = bytearray(60_000_000); time.sleep(0.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); print('done')"
    done = watched([sys.executable, "-c", code])
    assert done.output == "done\n" and done.seconds > 0.5
    if sys.platform == "linux":
        assert 60 < done.peak_mb < 160
    with pytest.raises(Failed, match="ZeroDivisionError"):
        watched([sys.executable, "-c", "1 / 0"])


def test_json_is_one_object(tmp_path):
    command = [sys.executable, "-m", "benchmarks.prepare", "--rows", "60", "--json"]
    result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert result["results"][0]["set"] == "60 rows" and result["packing"] == {} and result["machine"]["cores"]
