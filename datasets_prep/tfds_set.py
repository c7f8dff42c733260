"""A prepared set as ``tf.data``, and as a TFDS data set that any TensorFlow program reads.

    as_tf_data(Path("data/medquad"), "train")                        # tf.data.Dataset of the records below
    tfds.builder_from_directory(write_tfds(Path("data/medquad"), Path("tfds"))).as_dataset(split="train")

Both give the same elements, all texts::

    {"id": "medquad-17", "source": "medquad", "group": "Glaucoma", "meta": '{"row": 17}',
     "messages": {"role": ["user", "assistant"], "content": ["What is glaucoma?", "…"], "context": ["", ""]}}
"""

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.dialogue import Dialogue
from chatbot.errors import InputError, cannot_write
from chatbot.language import tr
from datasets_prep.ledger import licences_of
from datasets_prep.prepared import PreparedSet

if TYPE_CHECKING:
    import tensorflow as tf

VERSION = "1.0.0"
TURN = ("role", "content", "context")
TEXTS = ("id", "source", "group", "meta")


def as_tf_data(folder: Path, split: str) -> "tf.data.Dataset":
    """A split of a prepared set, read from its file while it is iterated; nothing is held in memory.

    Raises:
        InputError: no such set or split.
    """
    import tensorflow as tf

    data = PreparedSet.open(folder)
    data.split(split)  # an unknown one is told now, and not by TensorFlow later
    one, several = tf.TensorSpec((), tf.string), tf.TensorSpec((None,), tf.string)
    signature: dict[str, Any] = dict.fromkeys(TEXTS, one)
    signature["messages"] = dict.fromkeys(TURN, several)
    return tf.data.Dataset.from_generator(
        lambda: (_columns(dialogue) for dialogue in data.split(split)), output_signature=signature
    )


def write_tfds(folder: Path, data_dir: Path, name: str = "") -> Path:
    """Writes a prepared set as a TFDS data set (TFDS's ``TfDataBuilder``, today ``store_as_tfds_dataset``).

    TFDS writes beside and renames: the set appears whole or not at all. The order of the dialogues is kept.

    Args:
        folder: the prepared set.
        data_dir: TFDS's folder, which may hold other sets.
        name: of the data set; by default that of `folder`.

    Returns:
        The folder to give to ``tfds.builder_from_directory``.

    Raises:
        InputError: no prepared set, a name without letters, or a set of that name is there already.
        WorldError: the disk refuses.
    """
    data = PreparedSet.open(folder)
    name = tfds_name(name or folder.resolve().name)
    out = data_dir / name / VERSION
    if out.exists():
        raise InputError(
            tr(
                f"{out} : existe déjà. Choisissez un autre --out, ou effacez ce dossier.",
                f"{out}: already exists. Choose another --out, or delete that folder.",
            )
        )
    import tensorflow_datasets as tfds

    filled = data.manifest["counts"]["by_split"]
    text = tfds.features.Text()
    turn = tfds.features.Sequence(dict.fromkeys(TURN, text))
    try:
        with redirect_stdout(io.StringIO()):  # TFDS prints where results go
            tfds.dataset_builders.store_as_tfds_dataset(
                name=name,
                version=VERSION,
                features=tfds.features.FeaturesDict({**dict.fromkeys(TEXTS, text), "messages": turn}),
                split_datasets={split: _examples(data, split) for split, count in filled.items() if count},
                data_dir=str(data_dir),
                description=_description(data),
                citation="\n".join(one.attribution for one in licences_of(data.manifest).values()),
                release_notes={VERSION: f"Causette, {data.manifest['created']}, {data.fingerprint[:16]}"},
                disable_shuffling=True,
            )
    except OSError as error:
        raise cannot_write(out, error) from error
    for empty in ("downloads/extracted", "downloads"):  # which TFDS makes for sets that it downloads
        with suppress(OSError):
            (data_dir / empty).rmdir()
    return out


def tfds_name(name: str) -> str:
    """The name as TFDS wants it: "Données 2026" → "donnees_2026".

    Raises:
        InputError: nothing of it can stand in such a name.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"^[^a-z]+|_+$", "", re.sub(r"[^a-z0-9]+", "_", plain))
    if not plain:
        raise InputError(
            tr(
                f"« {name} » : TFDS veut un nom de lettres sans accent. Donnez-en un : --name faq",
                f"“{name}”: TFDS wants a name in letters without accents. Give one: --name faq",
            )
        )
    return plain


def _examples(data: PreparedSet, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for dialogue in data.split(split):
        yield dialogue.id, _columns(dialogue)


def _columns(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue as TFDS holds it: the messages as three lists."""
    texts = {"id": dialogue.id, "source": dialogue.source, "group": dialogue.group}
    meta = json.dumps(dict(dialogue.meta), ensure_ascii=False)
    messages = {part: [getattr(message, part) for message in dialogue.messages] for part in TURN}
    return {**texts, "meta": meta, "messages": messages}


def _description(data: PreparedSet) -> str:
    sources = (f"{source['title']} ({source['licence']['stated']})" for source in data.manifest["sources"])
    return tr("Jeu préparé par Causette : ", "Set prepared by Causette: ") + tr(" ; ", "; ").join(sources)
