"""Many readers of the page at once: how long they wait for a first word, how fast words come, who is refused.

    python -m benchmarks.load [--model mini] [--readers 1,10,50] [--tokens 48] [--serve "--rate 0"] [--json]

A real `causette serve` in a process of its own. Each reader asks as a browser does: one event that asks, one that
listens, the stream, and the heartbeat that a tab keeps open; each has a question of its own, and all ask at the same
moment. A first word is the first piece of text that is drawn. `rss` is the server's memory, before and after.
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.lines import ROOT
from benchmarks.machine import answer, describe
from chatbot.errors import WorldError
from chatbot.language import number, tr

LONGEST = 4  # the place of the longest answer among the settings
PATIENCE = 600  # seconds that a round may take
THEMES = ("la livraison", "le retour", "la facture", "le compte", "la garantie", "le paiement", "le stock", "la taille")


@contextmanager
def served(model: str, options: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The address and the process number of a page that answers without delay."""
    command = [sys.executable, "-m", "app", "serve", model, "--port", "0", "--no-feedback", *options]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        lines = []
        for line in process.stderr or ():
            lines.append(line)
            if found := re.search(r"(?:prête|ready)\s*: (http://\S+/)\s", line):
                if found[1].endswith("v1/"):
                    continue
                yield found[1], process.pid
                return
        raise WorldError(tr("Le serveur n'a pas démarré : ", "The server did not start: ") + "".join(lines[-3:]))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def memory_of(process: int) -> int | None:
    """Bytes that a process and those it started (the model's) hold in memory, where Linux tells."""
    try:
        own = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        started = {
            child for file in Path(f"/proc/{process}/task").glob("*/children") for child in file.read_text().split()
        }
    except OSError:
        return None
    return own + sum(memory_of(int(child)) or 0 for child in started)


class Reader:
    """A tab of its own on the page."""

    def __init__(self, client: Any, events: dict[str, int], values: Sequence[Any]):
        self._client, self._events, self._values, self.session = client, events, values, uuid4().hex[:11]

    def _event(self, name: str, data: list[Any]) -> dict[str, Any]:
        return {"data": data, "event_data": None, "fn_index": self._events[name], "trigger_id": 0, "session_hash": self.session}  # fmt: skip

    async def ask(self, text: str) -> dict[str, Any]:
        """Seconds to the first word and to the last, tokens; or why there was no answer."""
        began = time.perf_counter()
        asked = await self._client.post("gradio_api/run/predict", json=self._event("ask", [None, text, *self._values]))
        if not asked.is_success or 'role=\\"alert' in asked.text:
            return {"refused": asked.status_code if not asked.is_success else "line"}
        joined = await self._client.post("gradio_api/queue/join", json=self._event("listen", [None]))
        if not joined.is_success:
            return {"refused": joined.status_code}
        first, whole = None, ""
        async with self._client.stream("GET", "gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            async for line in stream.aiter_lines():
                if '"msg":"process_generating"' in line:
                    first = first or time.perf_counter() - began
                whole = line if '"msg":"process_completed"' in line else whole
                if '"msg":"close_stream"' in line:
                    break
        found = re.search(r"(\d+)\s(?:jetons?|tokens?)", whole)
        return {"first": first, "whole": time.perf_counter() - began, "tokens": int(found[1]) if found else 0}


@asynccontextmanager
async def open_tab(client: Any, reader: Reader) -> Any:
    """While the tab is open its heartbeat is."""
    async with client.stream("GET", f"gradio_api/heartbeat/{reader.session}") as beat:
        await anext(beat.aiter_lines())
        yield reader


async def round_of(address: str, readers: int, tokens: int) -> list[dict[str, Any]]:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits) as client:
        events, values = events_of((await client.get("")).text)
        values[LONGEST] = tokens

        async def visit(place: int) -> dict[str, Any]:
            reader = Reader(client, events, values)
            async with open_tab(client, reader):
                opened.release()
                await begin.wait()
                return await reader.ask(f"Question {place} : que faut-il savoir sur {THEMES[place % len(THEMES)]} ?")

        opened, begin = asyncio.Semaphore(0), asyncio.Event()
        visits = [asyncio.ensure_future(visit(place)) for place in range(readers)]
        for _ in visits:
            await asyncio.wait_for(opened.acquire(), PATIENCE)
        begin.set()
        return await asyncio.gather(*visits)


def events_of(page: str) -> tuple[dict[str, int], list[Any]]:
    """Gradio's numbers of the events that ask and listen, and the settings that a question carries at first: all from the
    page's own configuration."""
    config = json.loads(page.partition("window.gradio_config = ")[2].partition(";</script>")[0])
    by_name: dict[str, Any] = {}
    for event in config["dependencies"]:
        by_name.setdefault(str(event["api_name"]), event)
    shown = {component["id"]: component["props"].get("value") for component in config["components"]}
    settings = [shown[number] for number in by_name["ask"]["inputs"][2:]]  # after the conversation and the question
    return {name: by_name[name]["id"] for name in ("ask", "listen")}, settings


def figures(results: list[dict[str, Any]]) -> dict[str, Any]:
    answered = [result for result in results if "first" in result and result["first"] is not None]
    firsts, wholes = (sorted(result[name] for result in answered) for name in ("first", "whole"))
    tokens = sum(result["tokens"] for result in answered)

    def at(values: list[float], share: float) -> float | None:
        return round(values[min(int(share * len(values)), len(values) - 1)], 2) if values else None

    return {
        "answered": len(answered), "refused": sum("refused" in result for result in results),
        "first_median": round(statistics.median(firsts), 2) if firsts else None, "first_p95": at(firsts, 0.95),
        "first_max": at(firsts, 1), "whole_median": at(wholes, 0.5), "whole_max": at(wholes, 1),
        "tokens": tokens, "tokens_per_second": round(tokens / wholes[-1], 1) if wholes else None,
    }  # fmt: skip


def measure(options: argparse.Namespace) -> dict[str, Any]:
    rounds = []
    with served(options.model, shlex.split(options.serve)) as (address, process):
        for readers in map(int, options.readers.split(",")):
            before = memory_of(process)
            found = figures(asyncio.run(round_of(address, readers, options.tokens)))
            rounds.append({"readers": readers, **found, "rss_before": before, "rss_after": memory_of(process)})
    return {"model": options.model, "tokens_at_most": options.tokens, "rounds": rounds, "machine": describe("cpu")}


def in_words(result: dict[str, Any]) -> str:
    lines = []
    for found in result["rounds"]:
        rss = [number((found[name] or 0) / 2**20) for name in ("rss_before", "rss_after")]
        first, whole = ([found[f"{kind}_{name}"] for name in names] for kind, names in (("first", ("median", "p95", "max")), ("whole", ("median", "max"))))  # fmt: skip
        lines.append(
            tr(f"{found['readers']} lecteurs : {found['answered']} réponses, {found['refused']} refus ; premier mot "
               f"{first[0]} / {first[1]} / {first[2]} s (médiane, p95, maximum) ; réponse {whole[0]} / {whole[1]} s ; "
               f"{found['tokens_per_second']} jetons/s ; mémoire {rss[0]} → {rss[1]} Mio",
               f"{found['readers']} readers: {found['answered']} answers, {found['refused']} refused; first word "
               f"{first[0]} / {first[1]} / {first[2]} s (median, p95, maximum); answer {whole[0]} / {whole[1]} s; "
               f"{found['tokens_per_second']} tokens/s; memory {rss[0]} → {rss[1]} MiB")
        )  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="what `causette serve` is given")
    parser.add_argument("--readers", default="1,10,50", help="rounds, by how many ask at once")
    parser.add_argument("--tokens", type=int, default=48, help="the longest answer")
    parser.add_argument("--serve", default="", help="further options of `causette serve`")
    parser.add_argument("--json", action="store_true")
    answer(measure, in_words, parser.parse_args())


if __name__ == "__main__":
    main()
