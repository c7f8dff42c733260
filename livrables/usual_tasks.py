"""The course's usual tasks: what a team begins its planning with, and changes."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Usual:
    """A usual task.

    Args:
        title: French and English.
        hours: estimated.
        begin, end: of the time before the deliverable is due, from 0 to 1.
        each: whether every member has one of their own.
    """

    title: tuple[str, str]
    hours: float
    begin: float
    end: float
    each: bool = False


# Of each deliverable. The estimates are a start: a team writes what it really spent beside them.
USUAL: dict[int, tuple[Usual, ...]] = {
    1: (
        Usual(title=("Réunion de lancement, rôles et rotation des managers", "First meeting, roles and rotation of managers"), hours=2, begin=0, end=0.15),
        Usual(title=("Dépôt de code : branches, droits, premier commit", "Code repository: branches, rights, first commit"), hours=3, begin=0.1, end=0.4),
    ),
    2: (Usual(title=("Ma fiche : conditions légales d'utilisation des données", "My sheet: legal conditions of use of the data"), hours=3, begin=0.3, end=1, each=True),),
    3: (
        Usual(title=("Notebook 1 : jetons, probabilités, échantillonnage", "Notebook 1: tokens, probabilities, sampling"), hours=4, begin=0, end=0.6),
        Usual(title=("Essais de questions à GPT-2 et limites observées", "Questions put to GPT-2 and limits seen"), hours=3, begin=0.3, end=0.8),
        Usual(title=("Rédaction du livrable 3", "Writing of deliverable 3"), hours=2, begin=0.7, end=1),
    ),
    4: (
        Usual(title=("Récupération et préparation des données (causette prepare)", "Retrieval and preparation of the data (causette prepare)"), hours=5, begin=0, end=0.6),
        Usual(title=("Nuages de mots et lecture de l'atlas", "Word clouds and reading of the atlas"), hours=4, begin=0.4, end=0.8),
        Usual(title=("Rédaction du livrable 4", "Writing of deliverable 4"), hours=2, begin=0.7, end=1),
    ),
    5: (
        Usual(title=("Essai court d'entraînement, réglages et mémoire", "Short trial run, settings and memory"), hours=4, begin=0, end=0.4),
        Usual(title=("Entraînement complet sur GPU (Colab)", "Full training on a GPU (Colab)"), hours=5, begin=0.3, end=0.8),
        Usual(title=("Courbes, exemples avant et après, livrable 5", "Curves, samples before and after, deliverable 5"), hours=3, begin=0.7, end=1),
    ),
    6: (
        Usual(title=("Page Gradio, textes et domaine de raisonnement", "Gradio page, texts and reasoning domain"), hours=5, begin=0, end=0.6),
        Usual(title=("Test par des utilisateurs et captures d'écran", "Test by users and screenshots"), hours=3, begin=0.5, end=0.9),
        Usual(title=("Mise en ligne (Space) et livrable 6", "Putting online (Space) and deliverable 6"), hours=3, begin=0.7, end=1),
    ),
    7: (
        Usual(title=("Comparaison générique contre spécialisé (causette compare)", "Comparison generic against specialised (causette compare)"), hours=4, begin=0, end=0.5),
        Usual(title=("Votes à l'aveugle et relecture des erreurs", "Blind votes and reading of failures"), hours=4, begin=0.3, end=0.8),
        Usual(title=("Rédaction du livrable 7", "Writing of deliverable 7"), hours=3, begin=0.7, end=1),
    ),
    8: (
        Usual(title=("Recherche d'hyperparamètres (causette search)", "Hyper-parameter search (causette search)"), hours=5, begin=0, end=0.5),
        Usual(title=("Entraînement du meilleur réglage et nouvelle comparaison", "Training of the best settings and new comparison"), hours=5, begin=0.4, end=0.8),
        Usual(title=("Rédaction du livrable 8 et présentation", "Writing of deliverable 8 and slides"), hours=4, begin=0.7, end=1),
    ),
}  # fmt: skip
# Of the manager, in every period.
RUNNING = Usual(
    title=("Suivi, Gantt et rapport du manager, période {}", "Follow-up, Gantt and manager's report, period {}"),
    hours=3, begin=0.5, end=1,
)  # fmt: skip


def usual_tasks() -> Iterator[tuple[int, Usual]]:
    """Each with the number of its deliverable."""
    for number, tasks in USUAL.items():
        for task in tasks:
            yield number, task
