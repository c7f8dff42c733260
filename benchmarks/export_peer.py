"""The other side of `benchmarks.export`: transformers and CTranslate2 read exported folders. Needs none of ours."""

import io
import json
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np


def main() -> None:
    print(json.dumps({folder.name: read(folder) for folder in sorted(Path(sys.argv[1]).iterdir())}))


def read(folder: Path) -> dict[str, Any]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import get_logger

    said = io.StringIO()
    handler = logging.StreamHandler(said)
    get_logger("transformers").addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = AutoModelForCausalLM.from_pretrained(folder / "model", attn_implementation="eager").eval()
        tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    get_logger("transformers").removeHandler(handler)
    kept = np.load(folder / "logits.npz")
    with torch.no_grad():
        # Twice: PyTorch 2.13 was seen to compute the very first pass of a process otherwise, by 2e-4, now and then.
        first, logits = (model(torch.tensor(kept["prompts"], dtype=torch.long)).logits.numpy() for _ in range(2))
    passes = float(np.abs(first - logits).max())
    ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
    unlike = [f"tokens: {text!r}" for text, wanted in ids["texts"] if tokenizer(text)["input_ids"] != wanted]
    talks = []
    for name, talk, wanted in ids["talks"]:
        other = AutoTokenizer.from_pretrained(folder / name)
        got = other.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)
        if got != wanted:
            talks.append(f"template: {name}, {len(talk)} messages")
    read_back = [(text, tokenizer.decode(wanted, skip_special_tokens=True)) for text, wanted in ids["texts"]]
    back = [text for text, got in read_back if got != text and got != normalize("NFC", text)]  # Qwen's are in NFC
    return {
        "difference": float(np.abs(logits - kept["logits"]).max()),
        "largest": float(np.abs(kept["logits"]).max()),
        "dtype": str(model.dtype),
        "tokens": f"{len(ids['texts']) - len(unlike)}/{len(ids['texts'])}",
        "templates": f"{len(ids['talks']) - len(talks)}/{len(ids['talks'])}",
        "unlike": [*unlike, *talks, *(f"decoded otherwise: {text!r}" for text in back)],
        "ctranslate2": converted(folder / "model", kept),
        "warnings": [f"the first pass differs from the second by {passes:.2e}"] * (passes > 0)
        + sorted({str(each.message) for each in caught} | set(filter(None, said.getvalue().split("\n")))),
    }


def converted(folder: Path, kept: Any) -> str:
    """What CTranslate2 makes of the folder: log-probabilities of each next token of the prompts."""
    try:
        import ctranslate2
        import transformers

        with tempfile.TemporaryDirectory() as place:
            ctranslate2.converters.TransformersConverter(str(folder)).convert(f"{place}/model")
            generator = ctranslate2.Generator(f"{place}/model", compute_type="float32")
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            tokens = [tokenizer.convert_ids_to_tokens(row.tolist()) for row in kept["prompts"]]
            got = np.array(generator.forward_batch(tokens))
        return f"converted, differs by {np.abs(got - kept['logits']).max():.2e}"
    except Exception as error:  # whatever it says against a folder is the result
        return f"{type(error).__name__}: {str(error)[:200]}"


if __name__ == "__main__":
    main()
