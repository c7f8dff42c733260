"""The worker of `benchmarks.gpu` that trains with PyTorch and transformers, at their best of several ways.

Same shape, texts, tokens per step, precision, AdamW and clipping as ours. Kernels: scaled dot-product attention
(flash where no mask is needed), fused AdamW, autocast; with flash-attn installed, its variable-length kernel for packed
rows. On a GPU three ways are tried, the fastest is measured: the model compiled whole (transformers then always builds
an attention mask), its blocks compiled one by one (flash stays possible), nothing compiled.
"""

import importlib.util
import itertools
import time
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.machine import peak_bytes
from benchmarks.rounds import Answer, Job, serve, texts

POOL = 4
WAYS = ("compiled model", "compiled blocks", "eager")
HALVES = {"mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16, "float32": None}
GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"


def prepare(job: Job):
    """Builds in each way, keeps the fastest, warms it up."""
    import transformers

    torch.set_float32_matmul_precision("high")
    ways, speeds = (WAYS if GPU else ("eager",)), {}
    for way in ways:
        try:
            speeds[way] = _speed(_training(job, way)[0]) if len(ways) > 1 else 0.0
        except Exception as error:  # a way that this machine cannot go is told, not hidden
            speeds[way] = f"{type(error).__name__}: {str(error)[:200]}"
        _forget()
    best = max((way for way in ways if isinstance(speeds[way], float)), key=lambda way: speeds[way], default="eager")
    began = time.perf_counter()
    train, trained = _training(job, best)
    train(3)
    about = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "device": torch.cuda.get_device_name() if GPU else "CPU",
        "way": best,
        "attention": _attention(job),
        "tokens_per_second_by_way": speeds if len(ways) > 1 else None,
        "trained_parameters": trained,
        "seconds_to_start": time.perf_counter() - began,
    }
    return about, lambda: train(job["steps"])


def _speed(train: Callable[[int], Answer]) -> float:
    train(3)
    measured = train(5)
    return measured["tokens"] / measured["seconds"]


def _forget() -> None:
    torch.compiler.reset()
    if GPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _attention(job: Job) -> str:
    packed = job["documents"] > 1 and GPU and importlib.util.find_spec("flash_attn") is not None
    return "flash_attention_2" if packed and job["precision"] != "float32" else "sdpa"


def _training(job: Job, way: str) -> tuple[Callable[[int], Answer], int]:
    """What trains so many steps, and how many parameters it trains."""
    torch.manual_seed(job["seed"])
    model = _model(job).to(DEVICE).train()
    if way == "compiled model":
        model.compile()
    elif way == "compiled blocks":
        for block in model.transformer.h:
            block.compile()
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01, fused=True)
    half = HALVES[job["precision"]]
    scaler = torch.amp.GradScaler(DEVICE, enabled=half is torch.float16)
    batches = _batches(job)

    def step() -> torch.Tensor:
        inputs = {name: _sent(array) for name, array in next(batches).items()}
        with torch.autocast(DEVICE, dtype=half, enabled=half is not None):
            loss = model(**inputs, use_cache=False).loss
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def train(steps: int) -> Answer:
        began = time.perf_counter()
        for _ in range(steps):
            loss = step()
        if GPU:
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
        tokens = steps * job["rows"] * (job["length"] // job["documents"]) * job["documents"]
        return {"seconds": seconds, "tokens": tokens, "loss": loss.item(), **_peak()}

    return train, sum(parameter.numel() for parameter in parameters)


def _model(job: Job) -> torch.nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=job["vocabulary"],
        n_positions=job["length"],
        n_embd=job["hidden"],
        n_layer=job["layers"],
        n_head=job["heads"],
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        attn_implementation=_attention(job),
    )
    model = GPT2LMHeadModel(config)
    if job["rank"]:
        model.requires_grad_(False)
        for block in model.transformer.h:
            block.attn.c_attn = Adapted(block.attn.c_attn, job["hidden"], job["rank"])
    return model


class Adapted(torch.nn.Module):
    """GPT-2's projection to query, key and value with LoRA on query and value, scaled by alpha / rank = 2."""

    def __init__(self, projection: torch.nn.Module, hidden: int, rank: int):
        super().__init__()
        self.projection = projection
        self.down = torch.nn.ParameterList(torch.randn(hidden, rank) / hidden**0.5 for _ in range(2))
        self.up = torch.nn.ParameterList(torch.zeros(rank, hidden) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, value = (2.0 * (x @ down @ up) for down, up in zip(self.down, self.up, strict=True))
        return self.projection(x) + torch.cat([query, torch.zeros_like(query), value], dim=-1)


def _batches(job: Job):
    """Batches without end: rows of whole texts, end to end, positions begun anew at each."""
    size, documents = job["length"] // job["documents"], job["documents"]
    shape = (POOL, job["rows"], documents * size)
    made = np.stack(texts(job, job["rows"] * POOL)).astype("int64")
    ids, targets = (np.ascontiguousarray(part.reshape(shape)) for part in (made[:, :-1], made[:, 1:]))
    positions = np.tile(np.arange(size), documents)[None].repeat(job["rows"], axis=0)
    for number in itertools.count():
        batch = {"input_ids": ids[number % POOL], "labels": targets[number % POOL]}
        batch["shift_labels"] = batch["labels"]  # they are shifted already
        # Without positions a row is one text, and attention needs no mask: flash.
        yield batch | ({"position_ids": positions} if documents > 1 else {})


def _sent(array: np.ndarray) -> torch.Tensor:
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(DEVICE, non_blocking=True) if GPU else tensor


def _peak() -> Answer:
    if GPU:
        return {"peak_memory": torch.cuda.max_memory_allocated(), "memory_of": "allocator"}
    return {"peak_memory": peak_bytes(), "memory_of": "process"}


if __name__ == "__main__":
    serve(prepare)
