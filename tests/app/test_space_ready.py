"""Waiting for a Space of a Hub on this machine, whose stages and logs the test writes."""

import pytest

from app.hub.space_ready import FAILED, LAST_LINES, WORKING, Rhythm, Waiting
from app.hub.space_secrets import without
from app.output import Output
from chatbot.errors import WorldError

REPO = "zoe/page"


class Heard(Output):
    """What is told, line by line."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def say(self, text):
        self.lines.append(text)


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def rhythm(self, **given):
        return Rhythm(clock=lambda: self.now, sleep=self.sleep, **given)

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def space(hub):
    hub.make("space", REPO, {"app.py": b""})
    return hub.repository("space", REPO).space


def waited(secrets=None, commit="", **given):
    """The lines and the seconds of a wait that ends well."""
    clock, heard = Clock(), Heard()
    Waiting(
        repo=REPO, url="https://hub/spaces/zoe/page", output=heard, secrets=secrets or {}, commit=commit, rhythm=clock.rhythm(**given)
    ).until_it_runs()  # fmt: skip
    return heard.lines, clock.now


def failing(secrets=None, commit="", **given):
    """The lines and the message of one that does not."""
    clock, heard = Clock(), Heard()
    with pytest.raises(WorldError) as caught:
        Waiting(
            repo=REPO, url="https://hub/spaces/zoe/page", output=heard, secrets=secrets or {}, commit=commit, rhythm=clock.rhythm(**given)
        ).until_it_runs()  # fmt: skip
    return heard.lines, str(caught.value)


def test_each_stage_is_told_once_and_the_page_in_the_end(space):
    space.stages = [
        "BUILDING",
        "BUILDING",
        "APP_STARTING",
        {"stage": "RUNNING", "domains": [{"domain": "zoe-page.hf.space"}]},
    ]
    lines, seconds = waited()
    assert [line.split("\N{NO-BREAK SPACE}")[0] for line in lines] == ["Space", "Space", "La page répond après 15 s"]
    assert "construction" in lines[0] and "démarre" in lines[1] and lines[2].endswith("https://zoe-page.hf.space")
    assert seconds == 15


def test_what_the_hub_told_before_it_noticed_the_push_is_not_believed(space):
    space.stages = ["BUILD_ERROR", "RUNNING", "NO_APP_FILE", "BUILDING", "RUNNING"]
    assert waited()[1] == 20
    space.stages = ["RUNNING"]
    assert waited(grace=0)[1] == 0  # nothing was sent, there is nothing to notice
    assert waited()[1] == 20


def test_the_page_of_another_commit_is_not_the_one_that_was_sent(space):
    old = {"stage": "RUNNING", "sha": "a" * 40}
    space.stages = [old] * 9 + ["BUILDING", old, {"stage": "RUNNING", "sha": "b" * 40}]
    assert waited(commit="b" * 40)[1] == 55
    space.stages = [old]
    assert "ne répond pas encore" in failing(commit="b" * 40)[1]
    space.stages = [{"stage": "RUNNING", "sha": None}]  # where the Hub does not say, time decides
    assert waited(commit="b" * 40)[1] == 20


def test_an_empty_space_does_not_count_as_running(space):
    space.stages = ["NO_APP_FILE"]
    assert "app.py" in failing()[1]


def test_a_failed_building_shows_the_end_of_its_log(space):
    space.stages = ["BUILDING", "BUILD_ERROR"]
    many = "".join(f"line {n}\n" for n in range(50))
    space.logs = {
        "build": f"{many}\x1b[31mERROR\x1b[0m: no such version\x07\nkey=hf_secret_value\n",
        "run": "not this\n",
    }
    lines, told = failing(secrets={"KEY": "hf_secret_value"})
    shown = [line.strip() for line in lines if line.startswith("  ")]
    assert shown[-2:] == ["ERROR: no such version", "key=•••"] and len(shown) == LAST_LINES
    assert "construction a échoué" in told and "?logs=container" in told


def test_a_page_that_stops_shows_its_own_log_and_the_hubs_words(space):
    space.stages = ["APP_STARTING", {"stage": "RUNTIME_ERROR", "errorMessage": "Exit code: 1.\n\x1b[1mReason"}]
    space.logs = {"build": "not this\n", "run": "Traceback\nKeyError\n"}
    lines, told = failing()
    assert [line.strip() for line in lines][-2:] == ["Traceback", "KeyError"] and "(Exit code: 1. Reason)" in told


def test_of_secrets_nothing_stays_in_a_log(space):
    key = "-----BEGIN KEY-----\nMIIEabcdef\n}\n-----END KEY-----"
    space.stages = ["BUILDING", "BUILD_ERROR"]
    space.logs = {"build": f"x=abcdef y=abc\n{key}\n"}
    shown = [line.strip() for line in failing(secrets={"SHORT": "abc", "LONG": "abcdef", "PEM": key})[0][-5:]]
    assert shown == ["x=••• y=•••", "•••", "•••", "}", "•••"]
    assert without("one\ttwo a\x07b", {"A": "one\ttwo", "B": "a\x07b"}) == "••• •••"
    assert without("tab ab", {"B": "a\x07b"}) == "t••• •••"  # as it is shown, without the sign


@pytest.mark.parametrize("stage", ["PAUSED", "STOPPED"])
def test_a_paused_space_is_told_where_to_start_it(space, stage):
    space.stages = [stage]
    assert "/settings" in failing()[1]


def test_a_sleeping_space_is_well(space):
    space.stages = ["SLEEPING"]
    assert "dort" in waited()[0][-1]


def test_the_wait_has_an_end(space):
    space.stages = ["BUILDING"]
    assert "après 10 minutes" in failing(limit=600)[1].replace("\N{NO-BREAK SPACE}", " ")


def test_a_hub_that_is_silent_for_a_while_is_waited_for(space, hub):
    space.stages = ["BUILDING", "RUNNING"]
    hub.fail(502, path="runtime", times=4)
    assert "La page répond" in waited()[0][-1] and not hub.faults_left


@pytest.mark.parametrize("fault", ["cut", "drop"])
def test_a_connection_that_breaks_for_a_while_is_waited_for(space, hub, fault):
    space.stages = ["BUILDING", "RUNNING"]
    getattr(hub, fault)(method="GET", path="runtime", times=4, after=0)
    assert "La page répond" in waited()[0][-1] and not hub.faults_left


def test_a_hub_that_is_gone_is_told(space, hub):
    hub.drop(path="runtime", times=100, after=10)
    assert "ne dit plus" in failing()[1]


def test_a_log_whose_connection_breaks_changes_nothing(space, hub):
    space.stages = ["BUILDING", "BUILD_ERROR"]
    space.logs = {"build": "line\n" * 500}
    hub.drop(path="logs", times=20, after=200)
    assert "construction a échoué" in failing()[1]


def test_a_hub_that_stays_silent_is_told(space, hub):
    hub.fail(502, path="runtime", times=100)
    assert "ne dit plus" in failing()[1]


def test_a_log_that_cannot_be_read_changes_nothing(space, hub):
    space.stages = ["BUILDING", "BUILD_ERROR"]
    hub.fail(500, path="logs", times=20)
    assert "construction a échoué" in failing()[1]


def test_ctrl_c_leaves_the_space_alone(space):
    space.stages = ["BUILDING"]
    heard = Heard()

    def interrupted(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Waiting(repo=REPO, url="https://hub", output=heard, rhythm=Rhythm(sleep=interrupted)).until_it_runs()
    assert "continue sans vous" in heard.lines[-1]


def test_every_stage_of_the_hub_has_words():
    from huggingface_hub import SpaceStage

    assert {stage.value for stage in SpaceStage} == {*WORKING, *FAILED, "RUNNING"}
