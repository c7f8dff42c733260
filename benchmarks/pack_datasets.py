"""The peer's side of the packing job: `datasets`, its `map` with transformers' tokenizer, TRL's `pack_dataset`.

    PEER_PYTHON benchmarks/pack_datasets.py FILE.csv TOKENIZER_FOLDER PROCESSES

Runs in a Python that has nothing of ours; its caches lie where the environment says, and the caller gives empty ones.
"""

import hashlib
import json
import sys
import time

import numpy as np

LENGTH = 1024


def main() -> None:
    path, folder, processes = sys.argv[1:]
    import datasets
    from transformers import GPT2TokenizerFast
    from trl.data_utils import pack_dataset

    datasets.disable_caching()
    datasets.disable_progress_bars()
    tokenizer = GPT2TokenizerFast(vocab=f"{folder}/vocab.json", merges=f"{folder}/merges.txt")
    workers = int(processes) if int(processes) > 1 else None

    def encode(rows):
        """Ids and mask as SFTTrainer wants them: prompt and answer encoded apart, the end token after the answer."""
        prompts = [f"### Instruction:\n{question}\n\n### Response:\n" for question in rows["question"]]
        prompt_ids = tokenizer(prompts)["input_ids"]
        answer_ids = [[*ids, tokenizer.eos_token_id] for ids in tokenizer(rows["answer"])["input_ids"]]
        pairs = list(zip(prompt_ids, answer_ids, strict=True))
        return {
            "input_ids": [prompt + answer for prompt, answer in pairs],
            "completion_mask": [[0] * len(prompt) + [1] * len(answer) for prompt, answer in pairs],
        }

    began = time.perf_counter()
    table = datasets.load_dataset("csv", data_files=path, split="train", keep_default_na=False)
    encoded = table.map(encode, batched=True, num_proc=workers, remove_columns=table.column_names)
    encode_seconds = time.perf_counter() - began
    rows = pack_dataset(encoded, LENGTH, "bfd", map_kwargs={"num_proc": workers} if workers else None)
    seconds = time.perf_counter() - began
    digest, tokens = hashlib.sha256(), 0
    for batch in encoded.with_format("arrow").iter(1_000):
        ids = batch["input_ids"].combine_chunks().flatten().to_numpy().astype("int32")
        digest.update(np.ascontiguousarray(ids).tobytes())
        tokens += len(ids)
    facts = {
        "seconds": seconds,
        "encode_seconds": encode_seconds,
        "dialogues": len(encoded),
        "tokens": tokens,
        "packed_rows": len(rows),
        "ids": digest.hexdigest(),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
