"""How a training ended that gave no model, in words."""

import signal
from dataclasses import dataclass
from typing import Literal

from app.tuning.limits import Limits
from app.tuning.process import Training
from chatbot.language import number, tr

Kind = Literal["cancelled", "too_long", "closing", "failed", "memory", "killed", "crashed"]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Args:
    kind: how.
    text: what is to be known besides, as the training said it.
    signal: that ended the process, if one did.
    """

    kind: Kind
    text: str = ""
    signal: int = 0

    def in_words(self, limits: Limits) -> str:
        """In the reader's language, with the cure."""
        stays = tr("Rien n'en est gardé ; votre fichier est toujours là, vous pouvez recommencer.",
                   "Nothing of it is kept; your file is still there, you can begin again.")  # fmt: skip
        return f"{self._what(limits)}\n{stays}"

    def _what(self, limits: Limits) -> str:
        if self.kind in ("cancelled", "closing"):
            return tr("Entraînement annulé.", "Training cancelled.")
        if self.kind == "too_long":
            minutes = number(limits.seconds / 60)
            return tr(f"Entraînement arrêté : il a atteint la limite de {minutes} min. Prenez moins d'époques ou moins de lignes.",
                      f"Training stopped: it reached the limit of {minutes} min. Take fewer epochs or fewer rows.")  # fmt: skip
        if self.kind == "memory":
            return tr("Mémoire insuffisante. Choisissez l'adaptateur (LoRA) ou un modèle de départ plus petit, ou raccourcissez "
                      "les réponses.",
                      "Not enough memory. Choose the adapter (LoRA) or a smaller base model, or shorten the answers.")  # fmt: skip
        if self.kind == "killed":
            return self._killed()
        if self.kind == "crashed":
            return tr(f"L'entraînement s'est arrêté sur une erreur imprévue : {self.text}",
                      f"The training stopped at an unexpected error: {self.text}")  # fmt: skip
        return tr(f"L'entraînement n'a pas pu se faire. {self.text}", f"The training could not be done. {self.text}")

    def _killed(self) -> str:
        name = signal.Signals(self.signal).name if self.signal in signal.valid_signals() else str(self.signal)
        last = (
            tr(f" Dernière ligne de son journal : {self.text}", f" Last line of its log: {self.text}")
            if self.text
            else ""
        )
        why = tr(", sans doute faute de mémoire", ", probably for lack of memory") if name == "SIGKILL" else ""
        return tr(f"Le système a arrêté l'entraînement (signal {name}){why}.{last}",
                  f"The system stopped the training (signal {name}){why}.{last}")  # fmt: skip


def ended(training: Training) -> Ended | None:
    """How it ended; None where it gave a model."""
    status, last = training.status or 0, training.last
    if last.get("event") == "done":
        return None
    if training.stopped:
        return Ended(kind=training.stopped)
    if last.get("event") in ("failed", "memory", "crashed"):
        return Ended(kind=last["event"], text=str(last["text"]))
    if status < 0:
        return Ended(kind="killed", signal=-status, text=training.last_line)
    return Ended(kind="crashed", text=training.last_line or tr(f"statut {status}", f"status {status}"))
