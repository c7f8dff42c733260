"""Our side of the packing job: a CSV file → dialogues → token ids → packed rows. See `benchmarks.prepare`.

python -m benchmarks.pack_ours FILE.csv TOKENIZER_FOLDER
"""

import hashlib
import json
import sys
import time
from pathlib import Path

from chatbot.dialogue import Dialogue
from chatbot.template import ALPACA
from chatbot.tokenizer import BytePairTokenizer
from datasets_prep.tables import Record, read_table
from training.packing import PackedRows, encode

LENGTH = 1024


def main() -> None:
    path, folder = map(Path, sys.argv[1:])
    tokenizer = BytePairTokenizer.from_files(folder / "vocab.json", folder / "merges.txt")
    began = time.perf_counter()
    records = read_table(path, lambda header: {"question", "answer"} <= set(header)).records
    dialogues = (
        Dialogue.of_pair(
            record.cells["question"], record.cells["answer"], id=str(record.number), source="csv", group=""
        )
        for record in records
        if isinstance(record, Record)
    )
    encoded = encode(dialogues, ALPACA, tokenizer)
    encode_seconds = time.perf_counter() - began
    rows = PackedRows.of(encoded, LENGTH)
    seconds = time.perf_counter() - began
    facts = {
        "seconds": seconds,
        "encode_seconds": encode_seconds,
        "dialogues": len(encoded),
        "tokens": len(encoded.ids),
        "packed_rows": len(rows),
        "ids": hashlib.sha256(encoded.ids.astype("int32").tobytes()).hexdigest(),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
