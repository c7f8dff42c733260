"""Rounds: in each, ours and the peers of a group make one step on each data set, one after the other."""

import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from benchmarks.lines import SideFailed
from benchmarks.sides.plan import Group
from benchmarks.sides.results import Step, compared, summary
from benchmarks.sides.worker import Job, Side, Worker


def say(line: str) -> None:
    """Progress: on standard error."""
    print(line, file=sys.stderr, flush=True)


class Bench:
    """The measured steps, and what is said of those that were not made.

    Args:
        ours: our side, running.
        job: what all sides have in common.
        rounds: of each group, at most.
        seconds: of each group, the start of its peers included; the first round is made however long it takes.
        peer_versions: what the Python of the sides that are not Keras has; None for what it lacks.
    """

    def __init__(self, ours: Worker, job: Job, *, rounds: int, seconds: float, peer_versions: Mapping[str, str | None]):
        self._ours, self._job, self._rounds, self._seconds = ours, job, rounds, seconds
        self._lacking = [name for name, version in peer_versions.items() if version is None]
        self._measured: list[Step] = []
        self._facts: dict[str, dict[str, Any]] = {"ours": ours.facts}
        self._peers: list[Side] = []
        self.left_out: dict[str, str] = {}
        self.not_measured: dict[str, str] = {}

    def compare(self, group: Group) -> None:
        """Rounds of a group, until as many are made as asked for or its time is used up; one is always made."""
        deadline = time.perf_counter() + self._seconds
        with ExitStack() as stack:
            workers = [worker for peer in group.peers if (worker := self._started(peer, stack))]
            for number in range(self._rounds):
                fitting = workers if number == 0 else self._fitting(group, workers, deadline)
                for late in [worker for worker in workers if worker not in fitting]:
                    self._leave_out(late.side, number)
                workers = fitting
                if not workers:
                    break
                workers = self._round(group, number, workers)

    def results(self) -> dict[str, dict[str, Any]]:
        return compared(self._peers, self._facts, self._measured)

    def sides(self) -> dict[str, dict[str, Any]]:
        everyone = [self._ours.side, *self._peers]
        return {s.name: summary(s, self._facts[s.name], self._measured) for s in everyone if s.name in self._facts}

    def _started(self, peer: Side, stack: ExitStack) -> Worker | None:
        self._peers.append(peer)
        if peer.module == "trl" and self._lacking:
            self._not_measured(
                peer, f"{', '.join(self._lacking)} not installed: see requirements-bench.txt, --peer-python"
            )
            return None
        say(f"{peer.name}: starts")
        try:
            worker = stack.enter_context(Worker(peer, self._job))
        except SideFailed as error:
            self._not_measured(peer, str(error))
            return None
        self._facts[peer.name] = worker.facts
        return worker

    def _round(self, group: Group, number: int, workers: list[Worker]) -> list[Worker]:
        """One step of ours and of each peer on each data set; returns the peers that are still there."""
        for data in group.data:
            self._step(group, number, self._ours, data)
            for worker in [worker for worker in workers if data in worker.side.ratios]:
                try:
                    self._step(group, number, worker, data)
                except SideFailed as error:
                    self._not_measured(worker.side, str(error))
                    workers = [other for other in workers if other is not worker]
        return workers

    def _step(self, group: Group, number: int, worker: Worker, data: str) -> None:
        told = worker.step(data)
        self._measured.append(Step(group=group.name, round=number, side=worker.side.name, **told))
        say(f"{worker.side.name}, {data}, round {number + 1}: {told['seconds']:.1f} s")

    def _fitting(self, group: Group, workers: list[Worker], deadline: float) -> list[Worker]:
        """The peers whose next round, with ours, ends in time if it takes as long as the last one; fastest first."""
        left = deadline - time.perf_counter() - sum(self._last("ours", data) for data in group.data)
        fitting = []
        for worker in sorted(workers, key=self._round_seconds):
            left -= self._round_seconds(worker)
            if left >= 0:
                fitting.append(worker)
        return fitting

    def _round_seconds(self, worker: Worker) -> float:
        return sum(self._last(worker.side.name, data) for data in worker.side.ratios)

    def _last(self, side: str, data: str) -> float:
        return next(step.seconds for step in reversed(self._measured) if (step.side, step.data) == (side, data))

    def _leave_out(self, side: Side, made: int) -> None:
        self.left_out[side.name] = f"{made} of {self._rounds} rounds: another would pass {self._seconds:g} s"
        say(f"{side.name}: {self.left_out[side.name]}")

    def _not_measured(self, side: Side, reason: str) -> None:
        self.not_measured[side.name] = reason
        say(f"{side.name}: not measured: {reason}")
