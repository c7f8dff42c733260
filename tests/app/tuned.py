"""Files that readers send, and the fine-tuning of a page in a folder of its own, with the tiny model as its base."""

from contextlib import contextmanager

from app.page.tuning_jobs import Settings
from app.tuning.bases import Base
from app.tuning.job import TuningJobs
from app.tuning.limits import Limits
from tests.gate import until

GOOD = "question;réponse\n" + "".join(
    f"Quel est le délai de livraison numéro {n} vers la ville {n * 7} ?;Le colis {n} met {n + 2} jours ouvrés.\n"
    for n in range(1, 25)
)
# A quote that is never closed, letters read in the wrong encoding, a row of one cell, an answer that is missing.
BROKEN = GOOD + "Où est l'Ã©cole ?;Elle est là-bas.\nune seule cellule\nQui répond ?;\n"
SHORT = Settings(base="tiny", method="full", epochs=1)
LONG = Settings(base="slow", method="full", epochs=10)


def sent(folder, text=GOOD, name="faq.csv"):
    """A file as the page hands one over: in a folder of its own."""
    path = folder / "cache" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@contextmanager
def jobs_in(root, preset, slow="mini", **more):
    """The jobs of a server; the base "slow" takes minutes."""
    bases = [Base(name="tiny", model=str(preset)), Base(name="slow", model=str(slow))]
    jobs = TuningJobs(root, bases=bases, limits=Limits(**more))
    try:
        yield jobs
    finally:
        jobs.close()


def over(jobs, person):
    """Waits until no training runs; returns what the reader sees then."""
    until(lambda: jobs.view(person).progress is None, "the end of the training")
    return jobs.view(person)
