"""How far a training is, counted from its events."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.page.tuning_jobs import Progress
from chatbot.language import tr

BEFORE, AFTER = 0.06, 0.97  # shares at the first step, and after the last


@dataclass
class Advance:
    """Args:
    epochs: asked for.
    """

    epochs: int
    phase: str = "begin"
    steps: int = 0
    step: int = 0
    loss: float | None = None
    validation_loss: float | None = None
    began: float = field(default_factory=time.monotonic)
    first_step: tuple[int, float] | None = None  # the first one of all, whose own time is mostly compilation

    def take(self, event: Mapping[str, Any]) -> None:
        """Takes an event of `app.tuning.worker` in."""
        match event["event"]:
            case "phase":
                self.phase = event["phase"]
            case "plan":
                self.phase, self.steps = "train", event["steps"]
            case "step":
                self.step, self.loss = event["step"], event["loss"]
                self.first_step = self.first_step or (self.step, time.monotonic())
            case "validation":
                self.validation_loss = event["loss"]

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def share(self) -> float:
        if self.phase == "train" and self.steps:
            return BEFORE + (AFTER - BEFORE) * self.step / self.steps
        return {"begin": 0.0, "prepare": 0.02, "load": 0.04, "save": AFTER}.get(self.phase, BEFORE)

    @property
    def seconds_left(self) -> float | None:
        """From the mean step so far, validations included; None before there are two."""
        if self.first_step is None or self.step <= self.first_step[0]:
            return None
        first, then = self.first_step
        return (self.steps - self.step) * (time.monotonic() - then) / (self.step - first)

    def in_words(self) -> Progress:
        """For a reader, in their language."""
        words = {
            "begin": tr("Démarrage", "Starting"),
            "prepare": tr("Préparation des dialogues", "Preparing the dialogues"),
            "load": tr("Chargement du modèle de départ", "Loading the base model"),
            "train": tr("Entraînement", "Training"),
            "save": tr("Écriture du modèle", "Writing the model"),
        }
        return Progress(
            phase=words[self.phase],
            share=self.share,
            step=self.step,
            steps=self.steps,
            epoch=self.epochs * self.step / self.steps if self.steps else 0.0,
            epochs=self.epochs,
            loss=self.loss,
            validation_loss=self.validation_loss,
            seconds=self.seconds,
            seconds_left=self.seconds_left,
        )
