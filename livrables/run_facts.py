"""A training as facts, from the files that it left; nothing is computed by a model."""

from functools import partial
from pathlib import Path
from typing import Any

from chatbot.language import tr
from livrables import told
from livrables.fact import Fact
from livrables.parts import Picture, RunFacts, SampleFacts
from livrables.pointers import joined
from livrables.reading import UNREADABLE, Reader
from training.finding_words import WHAT, with_command
from training.samples import FILE as SAMPLES
from training.samples import read_samples

METRICS, CONFIG, ENVIRONMENT, HISTORY = "metrics.json", "config.yaml", "environment.json", "history.csv"
ADAPTER = "adapter/adapter.safetensors"


def run_facts(reader: Reader, folder: Path, name: str, *, curve: Picture | None = None) -> RunFacts:
    """A finished run.

    Args:
        reader: of the work.
        folder: below that of the work; where there is none, every fact is "not measured".
        name: as it is told, the same at every build.
        curve: drawn of it.
    """
    path = reader.folder / folder
    fact = partial(_fact, reader, path, f"run.{name}" if path.is_dir() else "run", _train(folder, reader, path))
    measured = partial(fact, METRICS)
    return RunFacts(
        folder=folder,
        name=name,
        base=fact(CONFIG, "base", "leaf:/model"),
        **_sizes(fact, path),
        method=fact(CONFIG, "method", "/method", _method(reader, path)),
        template=fact(_note(path), "template", "/template"),
        data=fact(CONFIG, "data", "leaf:/data"),
        date=measured("date", "/date", told.day),
        device=fact(ENVIRONMENT, "device", "/device"),
        precision=fact(ENVIRONMENT, "precision", "/precision"),
        backend=fact(ENVIRONMENT, "backend", "/backend"),
        versions=_versions(fact, reader, path),
        settings=_settings(fact, reader, path),
        steps=measured("steps", "/steps", told.count),
        epochs=measured("epochs", "/epochs", told.epochs),
        best_step=measured("best_step", "/best_step", told.count),
        stopped=measured("stopped", "/stopped", _stopped),
        seconds=measured("seconds", "/train_seconds", told.seconds),
        tokens_per_second=fact(HISTORY, "tokens_per_second", "median:tokens_per_second", told.per_second),
        loss_before=measured("loss_before", "/validation_loss_before", told.digits(3)),
        loss_after=measured("loss_after", "/validation_loss_after", told.digits(3)),
        gain=measured("gain", "fall:/validation_loss_before,/validation_loss_after", told.percent),
        perplexity_before=measured("perplexity_before", "exp:/validation_loss_before", told.digits(1)),
        perplexity_after=measured("perplexity_after", "exp:/validation_loss_after", told.digits(1)),
        truncated=measured("truncated", "/truncated_dialogues", told.count),
        findings=_findings(reader, path),
        samples=_samples(reader, path),
        curve=curve,
    )


def _train(folder: Path, reader: Reader, path: Path) -> str:
    """The command that makes such a run; where one is there, another one under another name, which notes more."""
    if path.is_dir():
        folder = folder.with_name(f"{folder.name}-2")
    data, name = "data/" + tr("NOM", "NAME"), "mini"
    try:
        config = reader.content(path / CONFIG)
        data, name = str(config["data"]), str(config["model"])
        if Path(data).is_absolute() or Path(name).is_absolute():
            data, name = Path(data).name, Path(name).name
    except UNREADABLE:
        pass  # no configuration yet: the command is shown with a name to fill in
    return f"causette train --model {name} --data {data} --out {folder.as_posix()}"


def _fact(
    reader: Reader, path: Path, key: str, cure: str, file: str, name: str, pointer: str, how: Any = told.plain
) -> Fact:
    try:
        date = str(reader.content(path / METRICS).get("date") or "")
    except UNREADABLE:
        date = ""
    return reader.fact(f"{key}.{name}", path / file, pointer, how, date=date, cure=cure)


def _note(path: Path) -> str:
    return "adapter/adapter.json" if (path / "adapter").is_dir() else "preset/causette.json"


def _sizes(fact: Any, path: Path) -> dict[str, Fact]:
    """Runs of earlier versions noted neither: a preset tells its whole size, an adapter its own."""
    whole = fact(METRICS, "parameters", "/parameters", told.millions)
    trained = fact(METRICS, "trained_parameters", "/trained_parameters", told.millions)
    if not whole.measured:
        whole = fact("preset/metadata.json", "parameters", "/parameter_count", told.millions)
    if not trained.measured:
        adapted = (path / "adapter").is_dir()
        file, pointer = (ADAPTER, "header:elements") if adapted else ("preset/metadata.json", "/parameter_count")
        trained = fact(file, "trained_parameters", pointer, told.millions)
    return {"parameters": whole, "trained_parameters": trained}


def _method(reader: Reader, path: Path) -> Any:
    def words(method: str) -> str:
        if method == "full":
            return tr("tous les poids", "all weights")
        rank = reader.content(path / CONFIG)["lora"]["rank"]
        bits = method.rpartition("-")[2] if method.startswith("qlora") else ""
        narrowed = tr(f", base quantifiée en {bits}", f", base quantised to {bits}") if bits else ""
        return tr(f"adaptateur LoRA de rang {rank}{narrowed}", f"LoRA adapter of rank {rank}{narrowed}")

    return words


def _stopped(why: str) -> str:
    return {
        "": tr("non, tous les pas prévus ont été faits", "no, all planned steps were done"),
        "patience": tr("oui, la validation ne progressait plus", "yes, validation made no more progress"),
        "nan": tr("oui, la perte n'était plus un nombre fini", "yes, the loss was no finite number any more"),
    }.get(why, why)


def _versions(fact: Any, reader: Reader, path: Path) -> tuple[tuple[str, Fact], ...]:
    try:
        packages = list(reader.content(path / ENVIRONMENT)["packages"])
    except UNREADABLE:
        packages = []
    named = [("Python", "python"), (tr("Système", "System"), "system")]
    listed = [(title, fact(ENVIRONMENT, f"versions.{name}", joined(name))) for title, name in named]
    listed += [(name, fact(ENVIRONMENT, f"versions.{name}", joined("packages", name))) for name in packages]
    return tuple(listed)


def _settings(fact: Any, reader: Reader, path: Path) -> tuple[tuple[str, Fact], ...]:
    """Those that decide what is learnt; the whole recipe is in the run's config.yaml."""
    try:
        adapted = reader.content(path / CONFIG)["method"] != "full"
    except UNREADABLE:
        adapted = False
    one = partial(fact, CONFIG)
    listed = [
        (tr("Époques prévues", "Planned epochs"), one("settings.epochs", "/fit/epochs")),
        (tr("Pas au plus", "Most steps"), one("settings.max_steps", "optional:/fit/max_steps")),
        (tr("Lignes par lot", "Rows per batch"), one("settings.rows", "/fit/rows")),
        (tr("Lots accumulés", "Batches accumulated"), one("settings.accumulation", "/fit/accumulation")),
        (tr("Longueur d'une ligne", "Length of a row"), fact(METRICS, "settings.row_length", "/row_length", told.tokens)),
        (tr("Taux d'apprentissage", "Learning rate"), one("settings.learning_rate", "/fit/learning_rate", told.rate)),
        (tr("Montée du taux (part des pas)", "Warm-up (share of the steps)"), one("settings.warmup", "/fit/warmup", told.share(None, None))),
        (tr("Décroissance des poids", "Weight decay"), one("settings.weight_decay", "/fit/weight_decay")),
        (tr("Norme maximale du gradient", "Largest norm of the gradient"), one("settings.clip_norm", "/fit/clip_norm")),
        (tr("Extinction (dropout)", "Dropout"), one("settings.dropout", "/fit/dropout")),
        (tr("Patience (validations)", "Patience (validations)"), one("settings.patience", "/fit/patience")),
        (tr("Graine", "Seed"), one("settings.seed", "/fit/seed")),
    ]  # fmt: skip
    if adapted:
        listed += [
            (tr("LoRA, rang", "LoRA, rank"), one("settings.lora.rank", "/lora/rank")),
            (tr("LoRA, alpha", "LoRA, alpha"), one("settings.lora.alpha", "/lora/alpha")),
            (tr("LoRA, couches adaptées", "LoRA, adapted layers"), one("settings.lora.targets", "/lora/targets", _targets)),
        ]  # fmt: skip
    return tuple((title, each) for title, each in listed if each.value != "")


def _targets(names: str) -> str:
    return tr("toutes", "all") if names == "all" else names


def _findings(reader: Reader, path: Path) -> tuple[str, ...]:
    """In the current language where their numbers are known; runs of earlier versions kept a sentence alone."""
    try:
        noted = reader.content(path / METRICS).get("findings", ())
        return tuple(
            with_command(one["key"], int(one["step"]), one["values"])
            if one.get("values") and one["key"] in WHAT
            else str(one["text"])
            for one in noted
        )
    except UNREADABLE:
        return ()


def _samples(reader: Reader, path: Path) -> tuple[SampleFacts, ...]:
    """Each question with the first answer, and that of the weights that were kept."""
    try:
        best = int(reader.content(path / METRICS)["best_step"])
        asked: dict[str, list[Any]] = {}
        for sample in read_samples(path / SAMPLES):
            asked.setdefault(sample.id, []).append(sample)
        source = reader.source(path / SAMPLES)
    except UNREADABLE:
        return ()
    told_twice = [sorted(each, key=lambda one: one.step) for each in asked.values() if len(each) > 1]
    return tuple(
        SampleFacts(
            question=first.question,
            expected=first.expected,
            before=first.answer,
            after=next((one for one in later if one.step == best), later[-1]).answer,
            source=source,
        )
        for first, *later in told_twice
    )
