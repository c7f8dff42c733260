"""Financial PhraseBank: sentences of English financial news, and what each means for an investor.

Upstream: ``data/FinancialPhraseBank-v1.0.zip`` of https://huggingface.co/datasets/takala/financial_phrasebank (Malo,
Sinha, Korhonen, Wallenius & Takala, JASIST 65:4, 2014). 4,846 sentences, 0.7 MB, English, labelled by 5 to 8 of 16
annotators "from the view point of an investor only". Licence: CC BY-NC-SA 3.0, not for commercial use.

Sample row, in latin-1, cut at its last "@"::

    According to Gran , the company has no plans to move all production to Russia , although that is where the company is growing .@neutral

The parts are its four files, by the share of annotators who agreed; each is contained in the next::

    allagree 2,264    75agree 3,453    66agree 4,217    50agree 4,846 (the whole)

The sentence comes with the request, the answer is the label and what it says on the authors' scale. The blanks of the
tokenisation go; Finnish letters damaged upstream ("Sepp+ñl+ñ" for Seppälä) stay, for no decoding mends them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from chatbot.errors import InputError
from chatbot.language import tr
from datasets_prep.archives import read_member, zip_members
from datasets_prep.detokenise import detokenised
from datasets_prep.download import HubFile, on_disk_or_downloaded
from datasets_prep.phrasing import question_of
from datasets_prep.rows import Rejected, Row
from datasets_prep.spec import DatasetSpec, Given, Licence, Reading

PHRASEBANK = HubFile(repository="takala/financial_phrasebank", path="data/FinancialPhraseBank-v1.0.zip")
FILES = {level: f"Sentences_{name}Agree.txt" for level, name in (("allagree", "All"), ("75agree", "75"), ("66agree", "66"), ("50agree", "50"))}  # fmt: skip
LEVELS = tuple(FILES)  # the strictest first
LARGEST = 64 * 2**20  # bytes of one of these files: a hundred times what they have
QUESTIONS = {
    "en": (
        "What is the sentiment of this sentence for an investor?",
        "Is this financial news positive, neutral or negative?",
        "How could this news influence the share price?",
        "Classify the sentiment of this financial news: positive, neutral or negative.",
        "As an investor, how should I read this sentence?",
    ),
    "fr": (
        "Quel est le sentiment de cette phrase pour un investisseur ?",
        "Cette nouvelle financière est-elle positive, neutre ou négative ?",
        "Comment cette nouvelle peut-elle influer sur le cours de l'action ?",
        "Classez le sentiment de cette nouvelle financière : positif, neutre ou négatif.",
        "En tant qu'investisseur, comment dois-je lire cette phrase ?",
    ),
}
ANSWERS = {
    "en": {
        "positive": "Positive: for an investor, this news may have a positive influence on the share price.",
        "neutral": "Neutral: for an investor, this news is not expected to influence the share price.",
        "negative": "Negative: for an investor, this news may have a negative influence on the share price.",
    },
    "fr": {
        "positive": "Positif : pour un investisseur, cette nouvelle peut influer favorablement sur le cours de l'action.",
        "neutral": "Neutre : pour un investisseur, cette nouvelle ne devrait pas influer sur le cours de l'action.",
        "negative": "Négatif : pour un investisseur, cette nouvelle peut peser sur le cours de l'action.",
    },
}


def read(given: Given) -> Reading:
    """Opens the archive, one of its four files, or a folder of them.

    Raises:
        InputError: none of the four files is there, or not the one asked for.
        WorldError: the Hub cannot be reached.
    """
    path = given.path or on_disk_or_downloaded(PHRASEBANK, "Financial PhraseBank", "financial_phrasebank")
    texts, files = _texts(path)
    level = given.part or next((one for one in reversed(LEVELS) if one in texts), "")
    if level not in texts:
        raise _not_there(path, FILES[level or "50agree"])
    revision = "" if given.path else PHRASEBANK.revision(path)
    guessed = {"file": FILES[level], "requests": given.requests}
    return Reading(rows=_rows(texts, level, given.requests), files=files, revision=revision, guessed=guessed)


def _texts(path: Path) -> tuple[dict[str, str], tuple[Path, ...]]:
    """Level → text, for the levels that are there, and the files on disk that they come from."""
    if path.is_dir():
        files = {level: path / name for level, name in FILES.items() if (path / name).is_file()}
        return {level: _decoded(file.read_bytes()) for level, file in files.items()}, tuple(files.values())
    if path.suffix.lower() == ".zip":
        members = {PurePosixPath(name).name: name for name in zip_members(path, largest=LARGEST)}
        inside = {level: members[name] for level, name in FILES.items() if name in members}
        return {level: _decoded(read_member(path, name, largest=LARGEST)) for level, name in inside.items()}, (path,)
    level = next((level for level, name in FILES.items() if name.lower() == path.name.lower()), None)
    if level is None or not path.is_file():
        raise _not_there(path, ", ".join(FILES.values()))
    return {level: _decoded(path.read_bytes())}, (path,)


def _decoded(data: bytes) -> str:
    """Latin-1 as published; UTF-8 where somebody saved the file again."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _rows(texts: Mapping[str, str], level: str, language: str) -> Iterator[Row | Rejected]:
    lines = {one: frozenset(_lines(text)) for one, text in texts.items()}
    whole = all(stricter in texts for stricter in LEVELS[: LEVELS.index(level)])
    for number, line in enumerate(_lines(texts[level]), start=1):
        if not line.strip():
            continue
        place = tr(f"ligne {number}", f"line {number}")
        found, _, label = line.rpartition("@")
        label = label.strip()
        if label not in ANSWERS[language]:
            yield Rejected(place=place, reason="unknown_label", detail=label[:40], question=line)
            continue
        highest = next(one for one in LEVELS if line in lines.get(one, ()))
        sentence, answer = detokenised(found), ANSWERS[language][label]
        question = question_of(QUESTIONS, language, sentence)
        yield Row(
            key=str(number),
            place=place,
            question=question,
            context=sentence,
            answer=answer,
            found=(question, answer, found),
            meta={"line": number, "label": label, ("agreement" if whole else "agreement_at_least"): highest},
        )


def _lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _not_there(path: Path, wanted: str) -> InputError:
    return InputError(
        tr(
            f"{path} : fichier attendu : {wanted}.\n"
            f"Donnez par --from l'archive {PHRASEBANK.file}, un dossier de ses fichiers, ou l'un d'eux.",
            f"{path}: file expected: {wanted}.\nGive by --from the archive {PHRASEBANK.file}, a folder of its files, or one of them.",
        )
    )


SPEC = DatasetSpec(
    name="financial_phrasebank",
    title=("Phrases de presse financière et leur sentiment", "Sentences of financial news and their sentiment"),
    language="en",
    size=("4 846 phrases, 0,7 Mo", "4,846 sentences, 0.7 MB"),
    origin=(f"https://huggingface.co/datasets/{PHRASEBANK.repository}",) * 2,
    licence=Licence(
        stated=("CC BY-NC-SA 3.0", "CC BY-NC-SA 3.0"),
        attribution="P. Malo, A. Sinha, P. Korhonen, J. Wallenius and P. Takala, Good debt or bad debt: Detecting semantic "
        "orientations in economic texts, Journal of the Association for Information Science and Technology 65(4), 2014",
        redistribution="yes",
        commercial_use="no",
        personal_data=(
            "noms de dirigeants cités par la presse financière",
            "names of executives quoted by the financial press",
        ),
        link=f"https://huggingface.co/datasets/{PHRASEBANK.repository}",
        checked="2026-11",
        share_alike="yes",
    ),
    read=read,
    takes_file=True,
    parts={level: LEVELS[: LEVELS.index(level) + 1] for level in LEVELS},
    upstreams=(PHRASEBANK,),
    takes=frozenset({"requests"}),
)
