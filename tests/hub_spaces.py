"""The Hub's addresses for Spaces: how far they are, their logs, secrets, variables and hardware."""

import json
from datetime import UTC, datetime
from typing import Any

from tests.hub_store import Repository, Space
from tests.hub_wire import Reply, Request, said


class Spaces:
    """Answers what is asked of a Space only.

    Args:
        hub: who may host what (`may_host`).
    """

    def __init__(self, hub: Any) -> None:
        self.hub = hub

    def answer(self, request: Request, repository: Repository, words: list[str]) -> Reply | None:
        """None for what any repository answers."""
        space = repository.space
        assert space
        match [request.method, *words]:
            case ["GET", "runtime"]:
                return said(self.runtime(repository, step=True))
            case ["GET", "logs", ("build" | "run") as kind]:
                return _events(space.logs.get(kind, ""))
            case [_, ("secrets" | "variables") as kind]:
                return _names(request, space, kind)
            case ["POST", "hardware"]:
                self.hub.may_host(repository.name.split("/")[0], space.sdk, request.json["flavor"])
                space.hardware = request.json["flavor"]
                return said(self.runtime(repository))
            case ["POST", "restart"]:
                return said(self.runtime(repository))
            case ["POST", "pause"]:
                space.stages = ["PAUSED"]
                return said(self.runtime(repository))
        return None

    def runtime(self, repository: Repository, *, step: bool = False) -> dict[str, Any]:
        """How far a Space is; `step` goes on in its script."""
        space = repository.space
        assert space
        stages = space.stages or [_stage(repository)]
        now = stages[0]
        if step and len(stages) > 1:
            space.stages = stages[1:]
        about = dict(now) if isinstance(now, dict) else {"stage": now}
        current = space.hardware if about["stage"] == "RUNNING" else None
        hardware = {"current": current, "requested": space.hardware}
        return {"hardware": hardware, "storage": None, "gcTimeout": 172800, "sha": repository.at("main").oid, **about}


def _stage(repository: Repository) -> str:
    files = repository.at("main").files
    return "RUNNING" if {"app.py", "index.html"} & files.keys() else "NO_APP_FILE"


def _events(text: str) -> Reply:
    """A log as server-sent events, one for each line."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    lines = [json.dumps({"data": line, "timestamp": now}) for line in text.splitlines(keepends=True)]
    body = "".join(f"event: data\ndata: {line}\n\n" for line in ["", *lines])
    return Reply(body=body.encode(), headers={"Content-Type": "text/event-stream"})


def _names(request: Request, space: Space, kind: str) -> Reply:
    """Secrets, whose values never come back, or variables."""
    kept = space.secrets if kind == "secrets" else space.variables
    if request.method == "POST":
        kept[request.json["key"]] = request.json["value"]
    elif request.method == "DELETE":
        kept.pop(request.json["key"], None)
    return said({key: {} if kind == "secrets" else {"key": key, "value": value} for key, value in kept.items()})
