"""The story of an atlas: numbers, clouds, charts, page; then all files at once.

DIR/atlas.html          the page, whole in itself
DIR/atlas.json          every number behind it
DIR/figures/*.png       the same figures for reports and slides
"""

import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chatbot.files import read_json
from chatbot.language import tr
from datasets_prep.atlas.analysis import CLASS_WORDS, FORMAT, AtlasRequest, analyse
from datasets_prep.atlas.clouds import Cloud, cloud_of
from datasets_prep.atlas.figures import classes_png, contrast_png, histogram_png
from datasets_prep.atlas.findings import side_names
from datasets_prep.atlas.page import page_of, part_name
from datasets_prep.atlas.words import Weighed
from datasets_prep.spec import silent

PAGE, NUMBERS, FIGURES = "atlas.html", "atlas.json", "figures"
HUES = ("count", "tfidf")
STAGED = ".atlas.part"


def draw_atlas(request: AtlasRequest, out: Path, say: Callable[[str], object] = silent) -> dict[str, Any]:
    """Draws and writes the atlas of a prepared set; returns what atlas.json holds.

    All is drawn before the first file is written, and written beside before the first is renamed: after an error an
    older atlas lies there as it was.

    Raises:
        OSError: the disk refuses.
    """
    say(tr("Atlas : mots et longueurs…", "Atlas: words and lengths…"))
    atlas = analyse(request)
    count = len(HUES) * len(atlas["words"]["parts"])
    say(tr(f"Atlas : {count} nuages de mots et la page…", f"Atlas: {count} word clouds and the page…"))
    clouds = [_clouds(part, request.seed) for part in atlas["words"]["parts"]]
    pictures = {**_cloud_pictures(atlas, clouds), **_charts(atlas)}
    atlas["figures"] = sorted(f"{FIGURES}/{name}" for name in pictures)
    files = {f"{FIGURES}/{name}": png for name, png in pictures.items()}
    files[NUMBERS] = (json.dumps(atlas, ensure_ascii=False, indent=1) + "\n").encode()
    files[PAGE] = page_of(atlas, clouds).encode()
    _write(files, out)
    return atlas


def _clouds(part: Mapping[str, Any], seed: int) -> dict[str, Cloud]:
    ways = {"count": tr("nombre d'apparitions", "raw count"), "tfidf": "TF-IDF"}
    clouds = {}
    for hue in HUES:
        words = [Weighed(word, weight) for word, weight in part[hue]]
        first = ", ".join(weighed.word for weighed in words[:10])
        where = part_name(part)
        alt = tr(f"Nuage de mots, {where}, {ways[hue]} : {first}", f"Word cloud, {where}, {ways[hue]}: {first}")
        clouds[hue] = cloud_of(words, hue=hue, alt=alt, seed=seed)
    return clouds


def _cloud_pictures(atlas: Mapping[str, Any], clouds: Sequence[Mapping[str, Cloud]]) -> dict[str, bytes]:
    """File name → PNG; the clouds of splits and classes bear a number, for a class may have any name."""
    pictures: dict[str, bytes] = {}
    for place, (part, pair) in enumerate(zip(atlas["words"]["parts"], clouds, strict=True)):
        name = f"{part['kind']}_{place:02}_{_plain(part['name'])}".strip("_") if part["name"] else "all"
        pictures |= {f"cloud_{name}_{hue}.png": cloud.png for hue, cloud in pair.items() if cloud.png}
    return pictures


def _charts(atlas: Mapping[str, Any]) -> dict[str, bytes]:
    lengths, contrasts = atlas["lengths"], atlas["contrasts"]
    limit, name = lengths["limit"], atlas["set"]["name"]
    model = lengths["model"]
    titles = {
        "dialogue": tr(f"{name} : longueur des dialogues", f"{name}: length of the dialogues"),
        "answer": tr(f"{name} : longueur des réponses", f"{name}: length of the answers"),
    }
    units = {
        "dialogue": tr(f"jetons par dialogue (tokenizer de {model})", f"tokens per dialogue ({model}'s tokenizer)"),
        "answer": tr(f"jetons appris par dialogue (tokenizer de {model})", f"tokens learnt per dialogue ({model}'s tokenizer)"),
    }  # fmt: skip
    charts = {
        f"lengths_{part}.png": histogram_png(lengths[part]["histogram"], title=title, limit=limit, unit=units[part])
        for part, title in titles.items()
    }
    for contrast in contrasts:
        if contrast["kind"] != "class":
            title = tr(f"{name} : mots distinctifs", f"{name}: telling words")
            names = side_names(contrast)
            charts[f"contrast_{contrast['kind']}.png"] = contrast_png(contrast, names=names, title=title)
    classes = [contrast for contrast in contrasts if contrast["kind"] == "class"]
    if classes:
        title = tr(f"{name} : mots propres à chaque classe", f"{name}: words of each class")
        charts["contrast_class.png"] = classes_png(classes, title=title, words=CLASS_WORDS)
    return charts


def _plain(name: str) -> str:
    """Letters and figures that every file system takes: "Santé & bien-être" → "sante-bien-etre"."""
    ascii_ = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_).strip("-")[:40]


def _write(files: Mapping[str, bytes], out: Path) -> None:
    """Writes all files beside their places, then renames them; figures of an older atlas leave."""
    staged = out / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    try:
        for name, content in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (out / FIGURES).mkdir(exist_ok=True)
        for name in _written_before(out) - files.keys():
            (out / name).unlink(missing_ok=True)
        for name in files:
            (staged / name).replace(out / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _written_before(out: Path) -> set[str]:
    """The figures that the atlas in that folder names as its own; nothing else there is ever deleted."""
    try:
        before = read_json(out / NUMBERS)
    except (OSError, ValueError):
        return set()
    if not isinstance(before, dict) or before.get("format") != FORMAT:
        return set()
    return {name for name in before.get("figures", []) if re.fullmatch(rf"{FIGURES}/[\w-]+\.png", str(name))}
