"""What the test split told of a search, in words that follow the interval: no gain is claimed that it does not show."""

from typing import Any

from chatbot.language import number, tr
from chatbot.sampling import Sampling
from training.evaluation.confidence import FEW_GROUPS
from training.evaluation.ways import way_told
from training.search_folder import Trial

MEASURES = {"rouge_l": "ROUGE-L", "chrf": "chrF", "token_f1": "F1"}


def gain(look: dict[str, Any] | None, best: Trial | None, trials: int) -> list[str]:
    """The lines of the report on the test split.

    Args:
        look: what it gave; None before it was looked at.
        best: the best trial of today.
        trials: how many there are today.
    """
    title = [tr("## Le gain, sur la partie test", "## The gain, on the test split"), ""]
    if look is None:
        return [*title, tr("La partie test n'a pas été regardée.", "The test split was not looked at.")]
    lines = [
        *title,
        *_measured(look, "bits_per_byte", tr("bits par octet de réponse", "bits per byte of response"), -1),
        "",
    ]
    lines += _measured(look, look["measure"], MEASURES[look["measure"]], 1)
    lines += [
        "",
        tr(f"Partie test regardée une seule fois ({look['date'][:10]}), après {look['trials']} essais ; rien n'y a été choisi.",
           f"Test split looked at once ({look['date'][:10]}), after {look['trials']} trials; nothing was chosen on it."),
    ]  # fmt: skip
    if best is not None and (trials > look["trials"] or best.number != look["chosen"]):
        lines.append(
            tr(f"Depuis, la recherche a continué (essais : {trials}, meilleur : {best.number}) ; ces nombres sont ceux de "
               f"l'essai {look['chosen']}. La partie test n'est pas regardée à nouveau : on finirait par choisir sur elle.",
               f"The search went on since (trials: {trials}, best: {best.number}); these numbers are those of trial "
               f"{look['chosen']}. The test split is not looked at again: one would end up choosing on it.")
        )  # fmt: skip
    return lines


def _measured(look: dict[str, Any], key: str, label: str, better: int) -> list[str]:
    """The values of a measure, and what each difference says; `better` is the sign of an improvement."""
    found, names = look[key], _side_names(look)
    cases = tr(
        f"{found['dialogues']} dialogues en {found['groups']} groupes",
        f"{found['dialogues']} dialogues in {found['groups']} groups",
    )
    lines = [f"| {label} ({cases}) | |", "|---|---:|"]
    lines += [f"| {names[side]} | {number(value, 4)} |" for side, value in found["values"].items()] + [""]
    for side, gap in found["differences"].items():
        lines.append(f"- {names[side]}, {label}{tr(' : ', ': ')}{verdict(gap, better)}")
    if not found["differences"]:
        lines.append(
            tr(
                "- Rien à comparer : un seul modèle, un seul décodage.",
                "- Nothing to compare: one model, one decoding.",
            )
        )
    if "recipe" not in found["values"]:
        lines.append(tr("- La recette de départ a échoué : rien n'est comparé à elle.",
                        "- The starting recipe failed: nothing is compared with it."))  # fmt: skip
    if found["groups"] < FEW_GROUPS and found["differences"]:
        lines.append(tr(f"- Seulement {found['groups']} groupes : l'intervalle est sans doute trop étroit.",
                        f"- Only {found['groups']} groups: the interval is probably too narrow."))  # fmt: skip
    if found["left_out"]:
        lines.append(tr(f"- {found['left_out']} dialogue(s) laissé(s) de côté : trop longs pour le contexte.",
                        f"- {found['left_out']} dialogue(s) left out: too long for the context."))  # fmt: skip
    return lines


def verdict(gap: dict[str, float | None], better: int) -> str:
    """What a difference and its interval allow to say; `better` is the sign of an improvement."""
    value, low, high = gap["value"], gap["low"], gap["high"]
    if value is None or low is None or high is None:
        return tr("un seul groupe de dialogues, pas d'intervalle : aucun gain n'est montré.",
                  "one group of dialogues only, no interval: no gain is shown.")  # fmt: skip
    figures = f"{_signed(value)} [{_signed(low)} ; {_signed(high)}]"
    if low <= 0 <= high:
        return tr(f"écart {figures}. L'intervalle à 95 % contient 0 : **aucun gain n'est montré**.",
                  f"difference {figures}. The 95% interval contains 0: **no gain is shown**.")  # fmt: skip
    if value * better > 0:
        return tr(
            f"écart {figures}, intervalle à 95 % : **un gain**.", f"difference {figures}, 95% interval: **a gain**."
        )
    return tr(f"écart {figures}, intervalle à 95 % : **moins bon**.",
              f"difference {figures}, 95% interval: **worse**.")  # fmt: skip


def _signed(value: float) -> str:
    return ("+" if value > 0 else "−" if value < 0 else "") + number(abs(value), 4)


def _side_names(look: dict[str, Any]) -> dict[str, str]:
    way = way_told(Sampling(**look["sampling"]))
    return {
        "recipe": tr("Recette de départ", "Starting recipe"),
        "best": tr(f"Essai {look['chosen']}", f"Trial {look['chosen']}"),
        "decoding": tr(
            f"Essai {look['chosen']}, décodage trouvé ({way})", f"Trial {look['chosen']}, decoding found ({way})"
        ),
    }
