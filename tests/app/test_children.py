"""Our other processes run our code wherever the user stands, and end with the page."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.exhibits import atlas as atlas_module
from app.exhibits.atlas import AtlasJob, holding
from app.model_child import Child, Loading
from app.tuning.process import _begin
from chatbot.errors import InputError, WorldError
from chatbot.sampling import Sampling
from tests.gate import PATIENCE, until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trap(tmp_path, monkeypatch):
    """A folder of the user's that has packages of the same names; the file that any of them would leave."""
    sprung = tmp_path / "sprung"
    for name in ("app", "training", "chatbot"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(sprung)!r}, 'w').close(); raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    return sprung


def test_a_training_is_ours(trap, tmp_path):
    with _begin(tmp_path) as process:
        assert process.wait(PATIENCE) != 0
        assert process.stdin and process.stdout
    assert not trap.exists() and "request.json" in (tmp_path / "log.txt").read_text(encoding="utf-8")


def test_an_atlas_is_ours(trap, tmp_path):
    with holding() as held, pytest.raises(subprocess.CalledProcessError) as error:
        atlas_module._drawn(tmp_path / "absent", "mini", tmp_path / "out.json", held)
    assert not trap.exists() and b"absent" in error.value.stderr


def test_a_dry_run_is_ours(trap, tmp_path):
    from training.config import validated
    from training.dry_run import _in_a_process

    config = validated({"data": str(tmp_path / "absent"), "model": "mini", "out": str(tmp_path / "run")}, "test")
    with pytest.raises(InputError, match="absent"):
        _in_a_process(config)
    assert not trap.exists()


# -- the atlas ends with the page ---------------------------------------------------------------------------------------

# A process that would draw for ever: our own module, whose work never ends.
ENDLESS = (
    "import runpy, sys, threading, chatbot.model\n"
    "chatbot.model.needs_keras = lambda model: (open(sys.argv[3].replace('/.exhibits/', '/') + '.begun', 'w').close(), threading.Event().wait())\n"
    "runpy.run_module('app.exhibits.atlas_job', run_name='__main__')\n"
)


@pytest.fixture
def drawing(tmp_path):
    """A program that draws an atlas in another process; that one's number, and the program."""
    code = (
        "import subprocess, sys, threading\n"
        "from pathlib import Path\n"
        "from app.exhibits import atlas\n"
        "real = subprocess.Popen\n"
        "class Popen(real):\n"
        "    def __init__(self, command, **more):\n"
        f"        super().__init__([command[0], '-c', {ENDLESS!r}, *command[4:]], **more)\n"
        "        print(self.pid, flush=True)\n"
        "subprocess.Popen = Popen\n"
        "atlas.key_of = lambda *_: 'key'\n"
        f"job = atlas.AtlasJob(folder=Path({str(tmp_path)!r}), model='mini')\n"
        "job.begin()\n"
        "sys.stdin.readline()\n"
        "job.close(); job.close(); print(job._thread.is_alive(), job.failure, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, cwd=ROOT) as program:
        pid = int(program.stdout.readline())
        until(lambda: list(tmp_path.rglob("*.begun")), "beginning")
        yield pid, program
        program.kill()
        if not is_gone(pid):
            os.kill(pid, signal.SIGKILL)


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_it_ends_with_a_page_that_is_killed(drawing):
    pid, program = drawing
    assert not is_gone(pid)
    os.kill(program.pid, signal.SIGKILL)
    until(lambda: is_gone(pid), "ending with its parent")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_it_ends_when_the_page_is_closed(drawing):
    pid, program = drawing
    program.stdin.write("\n")
    program.stdin.flush()
    assert program.stdout.readline() == "False None\n"  # neither a thread nor a complaint is left
    assert is_gone(pid)


def test_what_is_closed_draws_nothing(tmp_path):
    job = AtlasJob(folder=tmp_path, model="mini")
    job.close()
    job.wait()
    assert job.atlas is None and job.failure is None and job._thread is None


# -- the model's process ------------------------------------------------------------------------------------------------


def test_a_child_that_ended_before_it_was_listened_to(tmp_path):
    child = Child(Loading(model=str(tmp_path)), Sampling())
    child.end()
    with pytest.raises(WorldError, match="s'est arrêté"):
        child.ready()


def test_a_process_that_hangs_is_started_anew(tiny_preset, monkeypatch, caplog):
    """It is not dead, it only gives no sign: who waits for its answer is told. That it comes back is tested elsewhere."""
    from app.model_process import ModelProcess
    from chatbot.dialogue import user

    monkeypatch.setattr("app.model_process.PULSE", 0.1)
    monkeypatch.setattr("app.model_process.SILENCE", 1.0)
    told = []
    with ModelProcess(str(tiny_preset)) as process:
        process.wait()
        pid = process.pid
        os.kill(pid, signal.SIGSTOP)
        waiting = process.reply([user("Bonjour ?")], Sampling(max_new_tokens=8))

        def ask():
            with pytest.raises(WorldError) as error:
                waiting.text()
            told.append(str(error.value))

        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: process.pid != pid, "starting anew")
        asking.join(PATIENCE)
        assert told and "redémarre" in told[0]
    assert "sans un signe pendant 1 s" in caplog.text
