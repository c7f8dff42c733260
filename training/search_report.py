"""The report of a search: only what its folder holds, in words, tables and figures."""

import csv
import io
import warnings
from collections.abc import Sequence
from typing import Any

from chatbot.files import write_text
from chatbot.language import number, tr
from chatbot.sampling import Sampling
from training.evaluation.ways import DEFAULT, way_told
from training.search import KEPT
from training.search_dimension import shown
from training.search_draws import recipe_inside
from training.search_folder import SearchFolder, SearchSettings, Trial, best_of
from training.search_gain import MEASURES, gain
from training.search_plots import draw_all

LEAST = 4  # complete trials for an importance to be computed at all


def enough_trials(options: int) -> int:
    """Complete trials for an importance to mean something: PED-ANOVA looks at the best tenth."""
    return max(30, 10 * options)


def importance_of(folder: SearchFolder) -> dict[str, float]:
    """The share of each option in what sets the best trials apart (PED-ANOVA, Watanabe et al. 2023); may be empty."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    complete = [trial for trial in folder.trials() if trial.bits_per_byte is not None]
    keys = {key for trial in complete if trial.number or recipe_inside(folder.settings) for key in trial.values}
    if len(complete) < LEAST or len({trial.bits_per_byte for trial in complete}) < 2 or not keys:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of few trials, which the report does itself, in the user's language
        found = get_param_importances(folder.training_study(), evaluator=PedAnovaImportanceEvaluator())
    return {key: float(share) for key, share in found.items()}


def write_report(folder: SearchFolder) -> dict[str, Any]:
    """Writes `report.md`, `trials.csv` and the figures; returns their facts as JSON values."""
    settings, trials, look = folder.settings, folder.trials(), folder.look
    best, importance = best_of(trials), importance_of(folder)
    ways = folder.ways_of_decoding(best.number) if best else []
    figures = draw_all(folder.path / "figures", trials, settings.training_space, importance)
    write_text(folder.path / "trials.csv", _csv(trials, settings))
    sections = [
        _head(folder, settings, trials, best),
        gain(look, best, len(trials)),
        _figures(figures, importance, trials),
        _table(trials, settings, best),
        _decoding(folder, settings, best, ways),
        _method(settings, trials),
    ]
    write_text(folder.path / "report.md", "\n".join(line for section in sections for line in [*section, ""]))
    counts = {state: sum(trial.state == state for trial in trials) for state in ("complete", "pruned", "failed")}
    found = best and {"number": best.number, "bits_per_byte": best.bits_per_byte, "values": best.values,
                      "run": str(folder.run(best.number))}  # fmt: skip
    return {
        "search": str(folder.path), "report": str(folder.path / "report.md"), "trials": {"all": len(trials), **counts},
        "recipe_bits_per_byte": trials[0].bits_per_byte if trials else None, "best": found, "importance": importance,
        "decoding": [{**_sampling(way), settings.measure: value} for way, value in ways], "test": look,
    }  # fmt: skip


def conclusion(folder: SearchFolder) -> str:
    """What the search came to, in a few lines."""
    trials = folder.trials()
    best = best_of(trials)
    lines = _head(folder, folder.settings, trials, best)[2:] + gain(folder.look, best, len(trials))[2:]
    return "\n".join(line.replace("**", "").replace("`", "") for line in lines if line and not line.startswith("|"))


def _sampling(way: Sampling) -> dict[str, Any]:
    return {
        name: getattr(way, name) for name in ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
    }


def _head(folder: SearchFolder, settings: SearchSettings, trials: Sequence[Trial], best: Trial | None) -> list[str]:
    states = [trial.state for trial in trials]
    lines = [
        tr("# Recherche de réglages", "# Search for settings"),
        "",
        tr(f"- {len(trials)} essais : {states.count('complete')} menés à leur fin, {states.count('pruned')} arrêtés tôt, "
           f"{states.count('failed')} en échec. Jeu : `{settings.recipe.data}`, modèle : `{settings.recipe.model}`.",
           f"- {len(trials)} trials: {states.count('complete')} complete, {states.count('pruned')} ended early, "
           f"{states.count('failed')} failed. Set: `{settings.recipe.data}`, model: `{settings.recipe.model}`."),
    ]  # fmt: skip
    if best is None:
        return [*lines, tr("- Aucun essai n'est arrivé à sa fin : il n'y a rien à retenir.",
                           "- No trial came to its end: there is nothing to keep.")]  # fmt: skip
    cost, start = number(best.bits_per_byte or 0.0, 4), trials[0].bits_per_byte
    if best.number == 0:
        return [*lines, tr(f"- **Aucun essai n'a fait mieux que la recette de départ** ({cost} bits par octet de validation) : "
                           "gardez-la.",
                           f"- **No trial did better than the starting recipe** ({cost} bits per byte of validation): "
                           "keep it.")]  # fmt: skip
    values = ", ".join(f"{key} = {shown(value)}" for key, value in best.values.items())
    from_, from_en = (
        (f"contre {number(start, 4)} pour la recette de départ", f"against {number(start, 4)} for the starting recipe")
        if start is not None
        else ("la recette de départ, elle, a échoué", "the starting recipe itself failed")
    )
    return [
        *lines,
        tr(f"- Le meilleur est l'essai {best.number} : {cost} bits par octet de validation, {from_}. Ce nombre est flatté : "
           "c'est sur lui que l'essai a été choisi.",
           f"- The best is trial {best.number}: {cost} bits per byte of validation, {from_en}. That number flatters: "
           "the trial was chosen by it."),
        f"- {values}",
        tr(f"- Dossier : `{folder.run(best.number)}` ; recette : `{folder.path / 'best.yaml'}`.",
           f"- Run: `{folder.run(best.number)}`; recipe: `{folder.path / 'best.yaml'}`."),
    ]  # fmt: skip


def _figures(figures: dict[str, str], importance: dict[str, float], trials: Sequence[Trial]) -> list[str]:
    lines = [f"![{title}](figures/{name})" for name, title in figures.items()]
    complete = sum(trial.bits_per_byte is not None for trial in trials)
    enough = enough_trials(len(importance))
    if not importance:
        lines.append(tr(f"Importance non calculée : il faut au moins {LEAST} essais menés à leur fin, et différents.",
                        f"Importance not computed: at least {LEAST} complete and different trials are needed."))  # fmt: skip
    else:
        lines.append(tr("Importance : PED-ANOVA (Watanabe et al. 2023), part de chaque réglage dans ce qui distingue le "
                        "meilleur dixième des essais menés à leur fin.",
                        "Importance: PED-ANOVA (Watanabe et al. 2023), share of each option in what sets the best tenth "
                        "of the complete trials apart."))  # fmt: skip
        if complete < enough:
            lines.append(tr(f"**{complete} essais ne suffisent pas pour qu'elle veuille dire quelque chose** (comptez-en "
                            f"{enough}) : n'en tirez pas de conclusion.",
                            f"**{complete} trials are too few for it to mean something** (count {enough}): conclude nothing "
                            "from it."))  # fmt: skip
    return [tr("## Figures", "## Figures"), "", *(text for line in lines for text in (line, ""))][:-1]


def _table(trials: Sequence[Trial], settings: SearchSettings, best: Trial | None) -> list[str]:
    keys = [one.key for one in settings.training_space]
    states = {
        "complete": tr("mené à sa fin", "complete"), "pruned": tr("arrêté tôt", "ended early"),
        "failed": tr("échec", "failed"), "unfinished": tr("inachevé", "unfinished"),
    }  # fmt: skip
    head = [
        tr("Essai", "Trial"),
        *keys,
        tr("Bits par octet", "Bits per byte"),
        tr("Issue", "Outcome"),
        tr("Secondes", "Seconds"),
    ]
    lines = [tr("## Les essais", "## The trials"), "", f"| {' | '.join(head)} |", "|" + "---:|" * len(head)]
    for trial in trials:
        cost = "—" if trial.bits_per_byte is None else number(trial.bits_per_byte, 4)
        reason = f"{states[trial.state]}{' (' + _one_line(trial.reason) + ')' if trial.reason else ''}"
        mark = tr(" (recette)", " (recipe)") if trial.number == 0 else ""
        mark += " ★" if best is not None and trial.number == best.number else ""
        cells = [
            f"{trial.number}{mark}",
            *(shown(trial.values.get(key)) for key in keys),
            cost,
            reason,
            number(trial.seconds, 1),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", tr("Les mêmes nombres, exacts : `trials.csv`.", "The same numbers, exact: `trials.csv`.")]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _csv(trials: Sequence[Trial], settings: SearchSettings) -> str:
    keys = [one.key for one in settings.training_space]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", *keys, "bits_per_byte", "state", "reason", "seconds"])
    for trial in trials:
        values = ["+".join(value) if isinstance(value, tuple) else value for value in map(trial.values.get, keys)]
        cost = "" if trial.bits_per_byte is None else trial.bits_per_byte
        writer.writerow([trial.number, *values, cost, trial.state, _one_line(trial.reason), round(trial.seconds, 3)])
    return text.getvalue()


def _decoding(
    folder: SearchFolder, settings: SearchSettings, best: Trial | None, ways: Sequence[tuple[Sampling, float]]
) -> list[str]:
    title = [tr("## Décodage du meilleur essai", "## Decoding of the best trial"), ""]
    if best is None or not ways:
        return [*title, tr("Aucun décodage n'a été comparé.", "No decoding was compared.")]
    chosen = max(ways, key=lambda pair: pair[1])[0]
    tried = dict(ways)  # one line for each, however often it was drawn
    label = MEASURES[settings.measure]
    lines = [
        *title,
        tr(f"{len(ways)} tirages, {len(tried)} décodages différents, sur {settings.questions} questions de validation au "
           "plus, une seule graine : de petits écarts ne veulent rien dire.",
           f"{len(ways)} draws, {len(tried)} different decodings, on {settings.questions} validation questions at most, "
           "one seed: small gaps mean nothing."),
        *([tr("chrF moyenne par réponse : ce n'est pas la chrF du corpus que donne `causette compare`.",
              "Mean chrF per answer: not the chrF of the corpus that `causette compare` gives.")]
          if settings.measure == "chrf" else []),
        "",
        f"| {tr('Décodage', 'Decoding')} | {label} |",
        "|---|---:|",
        *(f"| {way_told(way)}{' ★' if way == chosen else ''} | {number(value, 3)} |" for way, value in tried.items()),
        "",
    ]  # fmt: skip
    if chosen == DEFAULT:
        return [*lines, tr("Le décodage de départ reste le meilleur.", "The starting decoding remains the best.")]
    lines += ["```", *_commands(folder, best, chosen), "```"]
    return lines


def _commands(folder: SearchFolder, best: Trial, way: Sampling) -> list[str]:
    """The calls that answer in that way; `serve` has not all of the options of `chat`."""
    run = folder.run(best.number)
    chat = f"causette chat {run} --temperature {way.temperature:g} --max-tokens {way.max_new_tokens}"
    chat += f" --repetition-penalty {way.repetition_penalty:g}"
    if way.temperature > 0:
        chat += f" --top-p {way.top_p:g}" + (f" --top-k {way.top_k}" if way.top_k else "")
    plain = way.repetition_penalty == 1 and (way.temperature == 0 or (way.top_p == 1 and way.top_k == 0))
    serve = f"causette serve {run} --temperature {way.temperature:g} --max-tokens {way.max_new_tokens}"
    return [chat, *([serve] if plain else [])]


def _method(settings: SearchSettings, trials: Sequence[Trial]) -> list[str]:
    lines = [
        tr("## Comment lire ces nombres", "## How to read these numbers"),
        "",
        *(f"- {one.told()}" for one in settings.space),
        tr("- Essais comparés par les bits par octet des réponses de validation (celle du meilleur passage), une mesure que "
           "le gabarit et le tokenizer ne changent pas. La validation a servi à choisir, la partie test non.",
           "- Trials are compared by bits per byte of the validation answers (at their best step), a measure that template "
           "and tokenizer do not change. Validation was used to choose, the test split was not."),
        tr(f"- Valeurs tirées par Optuna (TPE), graine {settings.seed} : le tirage d'un essai ne dépend que de cette graine, "
           "de son numéro et des résultats précédents. Une recherche interrompue reprend donc avec les mêmes valeurs, si "
           "les entraînements donnent les mêmes résultats : exactement sur la même machine, à peu près sur une autre.",
           f"- Values drawn by Optuna (TPE), seed {settings.seed}: the draw of a trial depends on that seed, its number and the "
           "results before it alone. An interrupted search goes on with the same values, if the trainings give the same "
           "results: exactly on the same machine, nearly on another."),
        tr("- Écarts : intervalle à 95 % par bootstrap apparié sur les groupes de dialogues (10 000 tirages).",
           "- Differences: 95% interval by paired bootstrap over groups of dialogues (10,000 draws)."),
        tr(f"- Poids gardés : ceux de la recette et des {KEPT} meilleurs essais ; un autre se refait avec son `config.yaml`.",
           f"- Weights kept: those of the recipe and of the {KEPT} best trials; another one is made again from its `config.yaml`."),
    ]  # fmt: skip
    if settings.pruning:
        lines.append(
            tr("- Un essai est arrêté quand, à un quart, à la moitié ou aux trois quarts de son propre plan, il fait moins "
               "bien que la médiane des autres au même point ; un réglage lent au départ peut en souffrir.",
               "- A trial is ended when, at a quarter, half or three quarters of its own plan, it does worse than the median "
               "of the others at that point; a setting that is slow at first may suffer from it.")
        )  # fmt: skip
    if not recipe_inside(settings):
        lines.append(tr("- La recette de départ est hors de l'espace : son résultat n'a pas guidé les tirages.",
                        "- The starting recipe lies outside the space: its result did not guide the draws."))  # fmt: skip
    if len({trial.cut for trial in trials if trial.state == "complete"}) > 1:
        lines.append(tr("- Selon le gabarit ou le modèle, des réponses de validation de longueurs différentes sont coupées : les "
                        "essais ne sont pas tout à fait comparables.",
                        "- Templates or models cut validation answers at different lengths: trials are not quite "
                        "comparable."))  # fmt: skip
    return lines
