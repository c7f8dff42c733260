"""A prepared set as it is sent: Parquet for `load_dataset`, the prepared files as they are, the card, the manifest.

    README.md
    data/train-00000-of-00001.parquet    id, source, group, language, meta, messages
    jsonl/train.jsonl                    byte for byte
    manifest.json                        without a path of this machine

The same set gives the same bytes, with the same version of Arrow, so that a second push has nothing to send. Rejected rows
and the examples of the cleaning stay at home: nobody has looked at them.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from app.hub.own_paths import json_without_paths
from app.hub.parcel import Item, Parcel, item, parcel
from chatbot.dialogue import Dialogue
from chatbot.errors import cannot_write
from chatbot.files import json_line
from datasets_prep.prepared import MANIFEST, PreparedSet

ROWS = 1_000  # of a row group: what is in memory at a time


@dataclass(frozen=True, kw_only=True)
class Table:
    """A split as Parquet.

    Args:
        path: its file.
        examples: its rows.
        octets: that its values take in memory, as `datasets` counts them.
    """

    path: Path
    examples: int
    octets: int

    @property
    def file_octets(self) -> int:
        """Of its file."""
        return self.path.stat().st_size


def dataset_parcel(folder: Path, work: Path, *, repo: str, private: bool = False) -> Parcel:
    """The parcel of a prepared set.

    Args:
        folder: of the set.
        work: where its Parquet files are written; they must stay until the parcel is sent.
        repo: "owner/name".
        private: whether only its owner may see it, its licences being unknown; the card says so.

    Raises:
        InputError: no prepared set, or one that was changed by hand.
        WorldError: the disk refuses.
    """
    from app.hub.dataset_card import dataset_card

    data = PreparedSet.open(folder)
    try:
        tables = {split: write_parquet(data.split(split), work / f"{split}.parquet") for split in data.splits}
    except OSError as error:
        raise cannot_write(work, error) from error
    card = dataset_card(folder, repo=repo, tables=tables, private=private)
    return parcel(
        "dataset",
        repo.rpartition("/")[2],
        item("README.md", card.encode()),
        item(MANIFEST, json_without_paths(data.manifest)),
        *(item(parquet_place(split), table.path) for split, table in tables.items()),
        *(Item(path=f"jsonl/{split}.jsonl", source=folder / f"{split}.jsonl") for split in data.splits),
    )


def parquet_place(split: str) -> str:
    """Where a split lies in the repository: the name that `datasets` itself gives."""
    return f"data/{split}-00000-of-00001.parquet"


def schema() -> Any:
    """The columns of a dialogue, as Arrow has them. `meta` is JSON: its keys and their types differ from row to row."""
    import pyarrow as pa

    texts = [pa.field(name, pa.string()) for name in ("id", "source", "group", "language", "meta")]
    turn = pa.struct([(name, pa.string()) for name in ("role", "content", "context")])
    return pa.schema([*texts, pa.field("messages", pa.list_(turn))])


def write_parquet(dialogues: Iterable[Dialogue], path: Path) -> Table:
    """Writes a split, some rows at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    columns, examples, octets, rows = schema(), 0, 0, iter(dialogues)
    with parquet.ParquetWriter(path, columns, compression="zstd") as writer:
        while some := [row_of(dialogue) for dialogue in islice(rows, ROWS)]:
            table = pa.Table.from_pylist(some, schema=columns)
            writer.write_table(table)
            examples, octets = examples + table.num_rows, octets + table.nbytes
    return Table(path=path, examples=examples, octets=octets)


def row_of(dialogue: Dialogue) -> dict[str, Any]:
    """A dialogue as a row; `dialogue_of` gives it back whole."""
    turns = [{"role": each.role, "content": each.content, "context": each.context} for each in dialogue.messages]
    return {
        "id": dialogue.id,
        "source": dialogue.source,
        "group": dialogue.group,
        "language": str(dialogue.meta.get("language") or "") or None,
        "meta": json_line(dict(dialogue.meta)).rstrip("\n"),
        "messages": turns,
    }


def dialogue_of(row: dict[str, Any]) -> Dialogue:
    """The dialogue of a row as Parquet gives it."""
    return Dialogue.from_json({**row, "meta": json.loads(row["meta"])})


def read_parquet(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a file, some rows at a time."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS):
            yield from map(dialogue_of, batch.to_pylist())
