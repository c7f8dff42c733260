"""Waiting until a Space runs, and why it does not where it fails: the end of its log."""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.hub.patience import connection_errors
from app.hub.space_secrets import without
from app.output import Output
from chatbot.errors import WorldError
from chatbot.language import number, tr
from chatbot.session import printable

if TYPE_CHECKING:
    from huggingface_hub import HfApi, SpaceRuntime

LAST_LINES = 20  # of a log
FAILED_TRIES = 6  # in a row to ask the Hub, before we stop
WORKING = {
    "BUILDING": ("en construction", "building"),
    "RUNNING_BUILDING": ("en construction, l'ancienne page répond encore", "building, the old page still answers"),
    "APP_STARTING": ("démarre", "starting"),
    "RUNNING_APP_STARTING": ("démarre, l'ancienne page répond encore", "starting, the old page still answers"),
}
UP = ("RUNNING", "SLEEPING")
FAILED = {
    "NO_APP_FILE": ("le Space n'a pas de fichier app.py", "the Space has no file app.py"),
    "CONFIG_ERROR": ("l'en-tête de son README n'est pas accepté", "the header of its README is not accepted"),
    "BUILD_ERROR": ("la construction a échoué", "building it failed"),
    "RUNTIME_ERROR": ("la page s'est arrêtée avec une erreur", "the page stopped with an error"),
    "PAUSED": ("le Space est en pause", "the Space is paused"),
    "STOPPED": ("le Space est arrêté", "the Space is stopped"),
    "DELETING": ("le Space est en cours de suppression", "the Space is being deleted"),
}
LOGS = {"BUILD_ERROR": True, "CONFIG_ERROR": True, "RUNTIME_ERROR": False}  # stage → whether of the building
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How long to wait, and how often to look.

    Args:
        limit: seconds in all.
        pause: seconds between two looks.
        grace: seconds for the Hub to notice what was sent: until then it tells of the version before.
        clock, sleep: the time.
    """

    limit: float = 30 * 60
    pause: float = 5
    grace: float = 20
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep


@dataclass(kw_only=True)
class Waiting:
    """One wait for one Space.

    Args:
        repo: of the Space.
        url: of its page on the Hub.
        output: where progress is told.
        secrets: whose values no line of a log may show.
        commit: that the page is to be of; "" where it is not known.
        rhythm: how long.
    """

    repo: str
    url: str
    output: Output
    secrets: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    rhythm: Rhythm = field(default_factory=Rhythm)

    def until_it_runs(self) -> None:
        """Returns once the page answers.

        Raises:
            WorldError: it failed, after the end of its log was told; or it takes longer than the limit.
            KeyboardInterrupt: by Ctrl-C, after it was said that the Space goes on.
        """
        from app.hub.client import client

        try:
            self._wait(client())
        except KeyboardInterrupt:
            self.output.say(tr(f"\nLe Space continue sans vous : {self.url}",
                               f"\nThe Space goes on without you: {self.url}"))  # fmt: skip
            raise

    def _wait(self, api: "HfApi") -> None:
        rhythm, began, told, tries = self.rhythm, self.rhythm.clock(), "", 0
        while (since := rhythm.clock() - began) <= rhythm.limit:
            runtime = self._looked(api, tries := tries + 1)
            stage = str(runtime.stage) if runtime else ""
            if runtime:
                tries = 0
            if stage in WORKING and stage != told:
                told = stage
                self.output.say(tr(f"Space : {WORKING[stage][0]}…", f"Space: {WORKING[stage][1]}…"))
            elif runtime and stage not in WORKING and (told or since >= rhythm.grace) and not self._old(runtime):
                return self._ended(api, runtime, since)
            rhythm.sleep(rhythm.pause)
        minutes = number(rhythm.limit / 60)
        raise WorldError(
            tr(f"{self.repo} ne répond pas encore après {minutes} minutes ; le Space continue sans vous.\nVoyez où il en est : {self.url}",
               f"{self.repo} does not answer yet after {minutes} minutes; the Space goes on without you.\nSee how it fares: {self.url}")
        )  # fmt: skip

    def _old(self, runtime: "SpaceRuntime") -> bool:
        """Whether the page that answers is that of another commit; the Hub tells its commit, but not always."""
        running = str(runtime.raw.get("sha") or "")
        return str(runtime.stage) in UP and bool(running and self.commit) and running != self.commit

    def _looked(self, api: "HfApi", tries: int) -> "SpaceRuntime | None":
        """How the Space is; None when the Hub did not answer, which may pass."""
        try:
            return api.get_space_runtime(self.repo)
        except connection_errors() as error:
            if tries < FAILED_TRIES:
                return None
            raise WorldError(
                tr(f"Le Hub ne dit plus où en est {self.repo} ({type(error).__name__}) ; le Space continue sans vous.\nVoyez : {self.url}",
                   f"The Hub no longer tells how {self.repo} fares ({type(error).__name__}); the Space goes on without you.\nSee: {self.url}")
            ) from error  # fmt: skip

    def _ended(self, api: "HfApi", runtime: "SpaceRuntime", seconds: float) -> None:
        stage = str(runtime.stage)
        if stage in UP:
            after = number(seconds)
            address = _address(runtime.raw) or self.url
            self.output.say(tr(f"La page répond après {after} s : {address}", f"The page answers after {after} s: {address}")
                            if stage == "RUNNING" else
                            tr(f"Le Space dort ; une visite le réveille : {self.url}",
                               f"The Space sleeps; a visit wakes it: {self.url}"))  # fmt: skip
            return
        if stage in LOGS:
            self._tell_log(api, build=LOGS[stage])
        why = tr(*FAILED.get(stage, (f"état {stage}", f"stage {stage}")))
        more = " ".join(self._clean(str(runtime.raw.get("errorMessage") or "")).split())[:300]
        why += f" ({more})" if more else ""
        raise WorldError(f"{self.repo}{tr(' :', ':')} {why}.\n{_cure(stage, self.url)}")

    def _tell_log(self, api: "HfApi", *, build: bool) -> None:
        lines = self._last_lines(api, build)
        if not lines:
            return
        name = tr("de la construction", "of the building") if build else tr("de la page", "of the page")
        self.output.say(tr(f"Fin du journal {name} :", f"End of the log {name}:"))
        for line in lines:
            self.output.say(f"  {line}")

    def _last_lines(self, api: "HfApi", build: bool) -> list[str]:
        """Without control characters, which could drive the terminal; what came until the Hub fell silent."""
        lines: deque[str] = deque(maxlen=LAST_LINES)
        with suppress(*connection_errors()):
            for piece in api.fetch_space_logs(self.repo, build=build):
                lines.extend(line for each in piece.splitlines() if (line := self._clean(each).rstrip()))
        return list(lines)

    def _clean(self, text: str) -> str:
        return without(printable(_COLOURS.sub("", text)), self.secrets)


def _address(raw: Mapping[str, Any]) -> str:
    """Of the page itself, as the Hub tells it."""
    domains = raw.get("domains") or [{}]
    domain = str(domains[0].get("domain") or "") if isinstance(domains[0], dict) else ""
    return f"https://{domain}" if re.fullmatch(r"[A-Za-z0-9.-]+", domain) else ""


def _cure(stage: str, url: str) -> str:
    if stage in ("PAUSED", "STOPPED"):
        return tr(f"Relancez-le dans ses réglages : {url}/settings", f"Start it again in its settings: {url}/settings")
    return tr(f"Son journal entier : {url}?logs=container. Corrigez, puis relancez la même commande.",
              f"Its whole log: {url}?logs=container. Mend it, then give the same command again.")  # fmt: skip
