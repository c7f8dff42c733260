"""The report of votes in words: tables and sentences, for the terminal and as Markdown, from the facts of `report`."""

from collections.abc import Sequence
from typing import Any

from app.feedback.ballot import SCALES, scale_name
from chatbot.language import number, tr
from datasets_prep.report import markdown_table

FEW_VOTES, FEW_PERSONS, FEW_PAIRED = 20, 5, 10

Rows = Sequence[Sequence[str]]


def markdown(facts: dict[str, Any]) -> str:
    """The whole report."""
    parts = [tr("# Ce que disent les votes", "# What the votes say")]
    for study in facts["studies"]:
        parts.append(f"## {study_title(study)}")
        parts.append(markdown_table(*votes_table(study)))
        parts.append("\n".join(f"- {line}" for line in sentences(study)))
        if (scales := scales_table(study))[1]:
            parts += [_scales_title(), markdown_table(*scales)]
    if facts["thumbs"]:
        parts += [tr("## 👍 et 👎 sur les réponses de la discussion", "## 👍 and 👎 on the answers of the chat"),
                  markdown_table(*thumbs_table(facts["thumbs"]))]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def study_title(study: dict[str, Any]) -> str:
    return tr(f"{study['main']} contre {study['reference']}", f"{study['main']} against {study['reference']}")


def votes_table(study: dict[str, Any]) -> tuple[Sequence[str], Rows]:
    """One line for all votes, then one for each kind of question where there are several."""
    head = tr("Questions|Votes|Personnes|Gagnés|Perdus|2 bonnes|2 mauvaises|Taux de victoire|p",
              "Questions|Votes|Persons|Won|Lost|2 good|2 bad|Win rate|p").split("|")  # fmt: skip
    named = [
        (tr("toutes", "all"), study["overall"]),
        *((kind_of(split), part) for split, part in _parts(study) if len(study["splits"]) > 1),
    ]
    return head, [
        (
            name,
            *(number(part[key]) for key in ("votes", "persons", "wins", "losses", "both_good", "both_bad")),
            share(part["win_rate"]),
            _p(part["p"]),
        )
        for name, part in named
        if part["votes"]
    ]


def scales_table(study: dict[str, Any]) -> tuple[Sequence[str], Rows]:
    """The means of the five-point scales; a row for each scale that anybody used."""
    scales = study["scales"]
    rows = [
        (scale_name(scale), *(_mean(scales[side][scale]) for side in ("main", "reference")))
        for scale in SCALES
        if scales["main"][scale] or scales["reference"][scale]
    ]
    return (tr("Échelle de 1 à 5", "Scale from 1 to 5"), study["main"], study["reference"]), rows


def thumbs_table(thumbs: dict[str, Any]) -> tuple[Sequence[str], Rows]:
    head = tr("Modèle|👍|👎|Part de 👍|Commentaires", "Model|👍|👎|Share of 👍|Comments").split("|")
    return head, [
        (model, number(one["up"]), number(one["down"]), share(one["share_up"]), number(one["comments"]))
        for model, one in thumbs.items()
    ]


def sentences(study: dict[str, Any]) -> list[str]:
    """What the votes of a study carry, and what they do not."""
    whole = study["overall"]
    if not whole["votes"]:
        return [tr("Aucun vote pour l'instant.", "No votes so far.")]
    return [
        *_conclusions(study),
        _agreement_told(study["agreement"]),
        _side_told(study["left"]),
        *_needed_told(study),
        *_seconds_told(study),
        *_cautions(study),
    ]


def _conclusions(study: dict[str, Any]) -> list[str]:
    """Who is preferred on each kind of question, those never seen first; nothing is concluded of all kinds together."""
    told = [_conclusion(study, part, tr(f"Questions {kind_of(split)}", f"{kind_of(split).capitalize()} questions"))
            for split, part in _parts(study)]  # fmt: skip
    if "test" not in study["splits"]:
        told.append(
            tr("Aucun vote sur des questions jamais vues : rien de tout cela ne dit ce que le modèle vaut sur des questions "
               "nouvelles.",
               "No vote on questions never seen: none of this tells what the model is worth on new questions.")
        )  # fmt: skip
    return told


def kind_of(split: str) -> str:
    """What the questions of a split are to the model; the split's own name where that is not known."""
    names = {
        "test": ("jamais vues", "never seen"),
        "recall": ("apprises, en d'autres mots", "learnt, in other words"),
        "validation": ("de la validation", "validation"),
        "train": ("apprises", "learnt"),
    }
    return tr(*names.get(split, (split, split)))


def _parts(study: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The votes by split, those on questions never seen first."""
    order = ("test", "recall", "validation", "train")
    return sorted(
        study["splits"].items(), key=lambda part: (part[0] not in order, part[0] in order and order.index(part[0]))
    )


def _conclusion(study: dict[str, Any], part: dict[str, Any], where: str) -> str:
    rate, main, reference = part["win_rate"], study["main"], study["reference"]
    if rate is None:
        return tr(f"{where}\u00a0: aucun vote ne départage les deux modèles.",
                  f"{where}: no vote decides between the two models.")  # fmt: skip
    told = tr(f"{where}\u00a0: {main} l'emporte dans {share(rate)} des {number(rate['count'])} votes tranchés, ",
              f"{where}: {main} wins {share(rate)} of the {number(rate['count'])} decided votes, ")  # fmt: skip
    over = part["win_rate_over_persons"]
    if over["low"] is None:
        told += tr("d'une seule personne\u00a0; ", "of one person only; ")
    else:
        bounds = _between(over, percent)
        told += tr(f"et {bounds} en comptant par personne\u00a0; ", f"and {bounds} counted by person; ")
    if not part["shown"]:
        return told + tr("cela ne montre pas que l'un soit préféré.", "that does not show that either is preferred.")
    winner = main if rate["value"] > 0.5 else reference
    return told + tr(f"{winner} est préféré.", f"{winner} is preferred.")


def _agreement_told(agreement: dict[str, Any]) -> str:
    def told(key: str) -> str:
        alpha = agreement[key]
        return tr("non calculable", "not computable") if alpha is None else number(alpha, 2)

    count, paired = number(agreement["verdicts_questions"]), agreement["verdicts_questions"]
    text = tr(
        f"Accord entre personnes (alpha de Krippendorff, {count} questions jugées par plusieurs)\u00a0: {told('verdicts')} "
        f"sur les quatre choix, {told('preferred')} sur le modèle préféré. 1 : accord entier, 0 : celui du hasard.",
        f"Agreement between persons (Krippendorff's alpha, {count} questions judged by several): {told('verdicts')} "
        f"on the four choices, {told('preferred')} on the model preferred. 1: full agreement, 0: that of chance.",
    )  # fmt: skip
    if 0 < paired < FEW_PAIRED:
        text += tr(" Trop peu de questions communes pour s'y fier.", " Too few questions in common to rely on it.")
    return text


def _side_told(left: dict[str, Any] | None) -> str:
    if left is None:
        return tr("Place choisie\u00a0: aucun vote tranché.", "Place chosen: no decided vote.")
    told = tr(f"Place choisie\u00a0: A (à gauche) dans {share(left)} des votes tranchés",
              f"Place chosen: A (on the left) in {share(left)} of the decided votes")  # fmt: skip
    if left["low"] <= 0.5 <= left["high"]:
        return told + "."
    return told + tr(
        "\u00a0: attention, une place est choisie plus souvent que l'autre. L'ordre est équilibré, le taux de victoire n'en est "
        "donc pas faussé, mais ces votes disent moins des réponses.",
        ": careful, one place is chosen more often than the other. The order is balanced, so the win rate is not "
        "skewed by it, but these votes tell less of the answers.",
    )  # fmt: skip


def _needed_told(study: dict[str, Any]) -> list[str]:
    """How many votes are lacking on the questions that the conclusion is about."""
    split, part = _parts(study)[0]
    needed = part["needed"]
    if needed is None:
        return []
    if needed["power"] is None:
        power = tr("à égalité parfaite, aucun nombre de votes ne montrerait une préférence",
                   "at a perfect tie no number of votes would show a preference")  # fmt: skip
    elif needed["power"]:
        count, in_all = number(needed["power"]), number(needed["power_in_all"])
        power = tr(f"encore {count} votes tranchés (environ {in_all} votes) pour montrer une préférence de cette force, si elle "
                   "est réelle (test des signes à 5\u00a0%, puissance de 80\u00a0%)",
                   f"{count} more decided votes (about {in_all} votes) to show a preference this strong, if it is real "
                   "(sign test at 5%, power 80%)")  # fmt: skip
    else:
        power = tr("assez de votes pour une préférence de cette force (test des signes à 5\u00a0%, puissance de 80\u00a0%)",
                   "enough votes for a preference this strong (sign test at 5%, power 80%)")  # fmt: skip
    if needed["width"]:
        count, in_all = number(needed["width"]), number(needed["width_in_all"])
        width = tr(f"encore {count} (environ {in_all} votes) pour un taux connu à ± 10 points",
                   f"{count} more (about {in_all} votes) for a rate known to ± 10 points")  # fmt: skip
    else:
        width = tr("le taux est déjà connu à ± 10 points", "the rate is known to ± 10 points already")
    return [tr(f"Votes à réunir sur les questions {kind_of(split)}\u00a0: {power}\u00a0; {width}. Les votes y sont comptés comme indépendants.",
               f"Votes to gather on {kind_of(split)} questions: {power}; {width}. This counts votes as independent.")]  # fmt: skip


def _seconds_told(study: dict[str, Any]) -> list[str]:
    """What computing the answers cost when they were made, many at a time; the voters saw them at once."""
    main, reference = study["seconds"]["main"], study["seconds"]["reference"]
    if main is None or reference is None:
        return []
    times = f"{study['main']} {number(main, 2)} s, {study['reference']} {number(reference, 2)} s"
    return [tr(f"Calcul des réponses par lots, temps du lot partagé entre elles\u00a0: {times} par réponse. Ce n'est pas "
               "l'attente d'une personne, et les votants ne voyaient pas ces temps.",
               f"Answers were computed in batches, the time of a batch shared among them: {times} per answer. That is not "
               "how long a person waits, and the voters did not see these times.")]  # fmt: skip


def _cautions(study: dict[str, Any]) -> list[str]:
    whole, told = study["overall"], []
    decided = whole["wins"] + whole["losses"]
    if decided < FEW_VOTES:
        told.append(
            tr(f"Peu de votes tranchés ({decided})\u00a0: ces chiffres peuvent encore changer du tout au tout.",
               f"Few decided votes ({decided}): these figures may still change altogether.")
        )  # fmt: skip
    if whole["persons"] == 1:
        told.append(
            tr("Une seule personne a voté\u00a0: c'est son goût, et l'intervalle par vote est trop étroit pour parler d'autres.",
               "One person voted: this is their taste, and the interval over votes is too narrow to speak of others.")
        )  # fmt: skip
    elif whole["persons"] < FEW_PERSONS:
        told.append(
            tr(f"{whole['persons']} personnes seulement\u00a0: l'intervalle par personne est lui-même peu sûr.",
               f"Only {whole['persons']} persons: the interval over persons is itself unsure.")
        )  # fmt: skip
    if study["identical"] or study["missing"]:
        told.append(
            tr(f"Questions écartées\u00a0: {number(study['identical'])} où les deux réponses sont identiques, "
               f"{number(study['missing'])} sans réponse d'un côté. Le taux ne parle que des autres.",
               f"Questions left out: {number(study['identical'])} with the same answer twice, "
               f"{number(study['missing'])} without an answer on one side. The rate speaks of the others only.")
        )  # fmt: skip
    told.append(
        tr("Ces votes valent pour ces questions et ces personnes\u00a0; « exacte » est leur avis, sans la réponse attendue "
           "sous les yeux.",
           "These votes hold for these questions and persons; “correct” is their opinion, without the expected answer "
           "before their eyes.")
    )  # fmt: skip
    return told


def _scales_title() -> str:
    return tr(
        "Notes moyennes (intervalle à 95\u00a0% entre personnes)\u00a0:", "Mean ratings (95% interval over persons):"
    )


def percent(value: float) -> str:
    return tr(f"{number(100 * value)}\u00a0%", f"{number(100 * value)}%")


def share(estimate: dict[str, Any] | None) -> str:
    """A share with its interval: "65 % [52 % ; 76 %]"; "–" where there is none."""
    return "–" if estimate is None else f"{percent(estimate['value'])} {_between(estimate, percent)}"


def _between(estimate: dict[str, Any], written: Any) -> str:
    low, high = written(estimate["low"]), written(estimate["high"])
    return tr(f"[{low}\u00a0; {high}]", f"[{low}, {high}]")


def _mean(estimate: dict[str, Any] | None) -> str:
    if estimate is None:
        return "–"
    text = number(estimate["value"], 1)
    between = f" {_between(estimate, lambda value: number(value, 1))}" if estimate["low"] is not None else ""
    return text + between + tr(f" ({estimate['count']} notes)", f" ({estimate['count']} ratings)")


def _p(p: float | None) -> str:
    if p is None:
        return "–"
    return f"< {number(0.001, 3)}" if p < 0.001 else number(p, 3)
