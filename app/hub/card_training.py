"""How a run was trained and what follows from it for who uses the model, from what the run wrote."""

from collections.abc import Sequence
from typing import Any

from app.hub.card_subject import Subject
from app.hub.card_text import duration, items, plurals, told
from app.hub.dataset_card import languages_in
from chatbot.files import read_json
from chatbot.language import number, tr
from training.evaluation.markdown import code, counted, grid, inline
from training.finding_words import WHAT, rate_in_words, what
from training.runs import HistoryRow, RunFolder

MOST_ROWS = 8  # of the curve
LARGE = 1_000_000_000  # parameters under which a model knows little


def training_lines(subject: Subject) -> list[str]:
    """The facts, the curve, and what the training itself found to be wrong."""
    run = subject.run
    if run is None:
        return []
    rows = [[name, value] for name, value in _facts(subject, run) if value]
    lines = grid([tr("Quoi", "What"), tr("Valeur", "Value")], rows, text=(0, 1))
    lines += [
        "",
        tr("Perte moyenne par jeton de réponse, en nats :", "Mean loss per token of an answer, in nats:"),
        "",
        *_curve(run.history),
    ]
    return [*lines, *_findings(run)]


def limits_lines(subject: Subject, *, measured: bool) -> list[str]:
    """What it cannot do, each from a fact."""
    size, context, learnt = subject.parameters, subject.context, _learnt(subject)
    languages = ", ".join(dict.fromkeys(code_ for manifest in subject.manifests for code_ in languages_in(manifest)))
    small = tr(f"Petit modèle ({_millions(size)}) : il imite la forme de ses données, invente des faits et se contredit.",
               f"A small model ({_millions(size)}): it imitates the form of its data, makes up facts and contradicts itself.") if size and size < LARGE else ""  # fmt: skip
    dialogues = counted(learnt, "dialogue", "dialogues")
    few = tr(f"Il a appris {dialogues} : hors de leur sujet, ses réponses ne valent rien.",
             f"It learnt {dialogues}: outside of their topic its answers are worth nothing.") if learnt else ""  # fmt: skip
    return items(
        small,
        few,
        told(tr("Langues de ses dialogues", "Languages of its dialogues"), languages),
        tr(f"Il lit {number(context)} jetons au plus, question et réponse ensemble.",
           f"It reads {number(context)} tokens at most, question and answer together.") if context else "",
        tr("Il peut répéter mot pour mot des textes appris ; la part de copies est plus haut.",
           "It may repeat learnt texts word for word; the share of copies stands above.") if measured else
        tr("Il peut répéter mot pour mot des textes appris ; combien, n'est pas mesuré.",
           "It may repeat learnt texts word for word; how often is not measured."),
        tr("Aucun réglage de sûreté : il peut écrire des choses fausses, blessantes ou dangereuses, et suit les consignes qu'on lui glisse.",
           "No safety tuning: it may write false, hurtful or dangerous things, and follows instructions that are slipped in."),
        tr("Non mesurés : la vérité des réponses, les biais, la sûreté, la résistance aux détournements.",
           "Not measured: whether answers are true, bias, safety, resistance to misuse."),
        tr("Il hérite des défauts de son modèle de départ.", "It inherits the faults of its base model.") if subject.base else "",
        tr("Ne l'utilisez pas là où une réponse fausse fait du tort (santé, droit, argent, sécurité).",
           "Do not use it where a wrong answer does harm (health, law, money, safety)."),
    )  # fmt: skip


def size_told(subject: Subject) -> str:
    """13,4 millions de paramètres, contexte de 512 jetons."""
    context = subject.context
    room = tr(f"contexte de {number(context)} jetons", f"context of {number(context)} tokens") if context else ""
    return ", ".join(filter(None, [_millions(subject.parameters), room]))


def method_told(run: RunFolder) -> str:
    """How it was fine-tuned: "tous les poids", "adaptateur LoRA de rang 16"."""
    config = run.config
    if config.method == "full":
        return tr("tous les poids", "all weights")
    bits = config.method.rpartition("-")[2] if config.method.startswith("qlora") else ""
    narrowed = tr(f", base quantifiée en {bits}", f", base quantised to {bits}") if bits else ""
    return tr(
        f"adaptateur LoRA de rang {config.lora.rank}{narrowed}", f"LoRA adapter of rank {config.lora.rank}{narrowed}"
    )


def _lora(run: RunFolder) -> str:
    lora = run.config.lora
    targets = ", ".join(tr("toutes", "all") if target == "all" else inline(target) for target in lora.targets)
    return tr(f"alpha {number(lora.alpha)}, couches {targets}, dropout {number(lora.dropout, 2)}",
              f"alpha {number(lora.alpha)}, layers {targets}, dropout {number(lora.dropout, 2)}")  # fmt: skip


def _facts(subject: Subject, run: RunFolder) -> list[tuple[str, str]]:
    metrics, config, fit = run.metrics, run.config, run.config.fit
    counts = subject.manifests[0]["counts"]["by_split"]
    splits = ", ".join(f"{inline(split)} {number(count)}" for split, count in counts.items())
    done, epochs, best = metrics["steps"], _epochs_told(metrics["epochs"]), number(metrics["best_step"])
    steps = tr(f"{number(done)} pas, {epochs} ; poids gardés : ceux du pas {best}",
               f"{counted(done, 'step', 'steps')}, {epochs}; weights kept: those of step {best}")  # fmt: skip
    times = f" × {fit.accumulation}" if fit.accumulation > 1 else ""
    rows = tr(
        f"{fit.rows}{times} lignes de {metrics['row_length']} jetons",
        f"{fit.rows}{times} rows of {metrics['row_length']} tokens",
    )
    rate = tr(f"AdamW, taux {rate_in_words(fit.learning_rate)} (montée {number(100 * fit.warmup)} %, puis cosinus), décroissance "
              f"{number(fit.weight_decay, 3)}, gradient écrêté à {number(fit.clip_norm, 1)}, dropout {number(fit.dropout, 2)}, graine {fit.seed}",
              f"AdamW, rate {rate_in_words(fit.learning_rate)} (warm-up {number(100 * fit.warmup)}%, then cosine), weight decay "
              f"{number(fit.weight_decay, 3)}, gradients clipped at {number(fit.clip_norm, 1)}, dropout {number(fit.dropout, 2)}, seed {fit.seed}")  # fmt: skip
    return [
        (tr("Modèle de départ", "Base model"), code(subject.base)),
        (tr("Méthode", "Method"), method_told(run)),
        (tr("Adaptateur", "Adapter"), "" if config.method == "full" else _lora(run)),
        (tr("Dialogues", "Dialogues"), splits),
        (tr("Entraînement", "Training"), steps),
        (tr("Jetons de réponse appris", "Answer tokens learnt"), number(metrics["trained_tokens"])),
        (tr("Par pas", "Per step"), rows),
        (tr("Optimisation", "Optimisation"), rate),
        (tr("Plusieurs appareils", "Several devices"), inline(config.distribute) if config.distribute else ""),
        (tr("Date", "Date"), inline(str(metrics.get("date") or "")[:10]) if metrics.get("date") else ""),
        (tr("Durée", "Time"), duration(metrics["train_seconds"])),
        *_where(run),
    ]


def _epochs_told(epochs: float) -> str:
    """1 époque, 1,5 époque, 12 époques; in English all but 1 are several."""
    shown = number(epochs, 0 if epochs == int(epochs) else 2)
    return tr(f"{shown} époque{'s' if epochs >= 2 else ''}", f"{shown} epoch{'' if epochs == 1 else 's'}")


def _where(run: RunFolder) -> list[tuple[str, str]]:
    found: dict[str, Any] = read_json(run.path / "environment.json")
    packages = found.get("packages", {})
    names = ("keras", "keras-hub", str(found.get("backend", "")))
    versions = ", ".join(inline(f"{name} {packages[name]}") for name in dict.fromkeys(names) if name in packages)
    return [
        (tr("Appareil", "Device"), inline(str(found.get("device", "?")))),
        (tr("Précision", "Precision"), inline(str(found.get("precision", "?")))),
        (tr("Logiciels", "Software"), versions),
    ]


def _curve(history: Sequence[HistoryRow]) -> list[str]:
    rows = list({row.step: row for row in history}.values())
    step = max(1, -(-len(rows) // MOST_ROWS))
    shown = sorted({*range(0, len(rows), step), len(rows) - 1}) if rows else []
    head = [tr("Pas", "Step"), tr("Époque", "Epoch"), tr("Entraînement", "Training"), "Validation"]
    cells = [
        [number(rows[place].step), number(rows[place].epoch, 1), number(rows[place].loss, 3), number(rows[place].validation_loss, 3)]
        for place in shown
    ]  # fmt: skip
    return grid(head, cells, text=())


def _findings(run: RunFolder) -> list[str]:
    """In the reader's words where the run kept their numbers, else as they were told then."""
    metrics = run.metrics
    before, after = number(metrics["validation_loss_before"], 3), number(metrics["validation_loss_after"], 3)
    lines = [tr(f"Validation : {before} avant l'entraînement, {after} pour les poids gardés.",
                f"Validation: {before} before the training, {after} for the weights kept.")]  # fmt: skip
    if run.share_seen < 1:
        lines.append(tr(f"Les poids gardés n'ont lu que {int(100 * run.share_seen)} % des lignes d'entraînement.",
                        f"The weights kept have read {int(100 * run.share_seen)}% of the training rows only."))  # fmt: skip
    for found in metrics.get("findings", ()):
        known = found["key"] in WHAT and found.get("values")
        lines.append(
            inline(_past(what(found["key"], found["step"], found["values"]) if known else _uncured(str(found["text"]))))
        )
    return ["", *items(*lines)]


def _past(text: str) -> str:
    """A finding was said before the training; the card is read after it."""
    for then, now in (("le modèle n'apprendra pas à finir", "le modèle n'a pas appris à finir"),
                      ("the model will not learn to end", "the model did not learn to end")):  # fmt: skip
        text = text.replace(then, now)
    return plurals(text)


def _uncured(text: str) -> str:
    """A finding without its cure, which is for who trains."""
    for word in (
        "Remède",
        "Cure",
        "Recommencez",
        "Start again",
        "La prochaine fois",
        "Next time",
        "Pour aller plus loin",
    ):
        text = text.partition(f" {word}")[0]
    return text


def _learnt(subject: Subject) -> int:
    return sum(manifest["counts"]["by_split"].get("train", 0) for manifest in subject.manifests)


def _millions(count: int | None) -> str:
    if not count:
        return ""
    if count >= LARGE:
        return tr(
            f"{number(count / LARGE, 1)} milliards de paramètres", f"{number(count / LARGE, 1)} billion parameters"
        )
    return tr(f"{number(count / 1e6, 1)} millions de paramètres", f"{number(count / 1e6, 1)} million parameters")
