"""Our side: packed rows through `PackedCausalLM` and `optimise`, as `causette train` trains.

python -m benchmarks.sides.ours '{"files": {…}, …}'     (started by benchmarks.train)
"""

from pathlib import Path

from benchmarks.gpt2 import random_gpt2
from benchmarks.sides.channel import Channel


def main() -> None:
    channel = Channel()
    spec = channel.spec
    import keras
    import keras_hub

    from chatbot.dialogue import read_dialogues
    from chatbot.template import HUMAN_ASSISTANT
    from chatbot.tokenizer import BytePairTokenizer
    from training.config import FitOptions
    from training.loop import Schedule, optimise
    from training.optimizer import make_optimizer
    from training.packed_lm import PackedCausalLM
    from training.packing import PackedRows, encode
    from training.precision import choose_compilation, choose_precision, device_name

    fit, precision = FitOptions(), choose_precision(spec["precision"])  # what a recipe without options trains with
    keras.utils.set_random_seed(spec["seed"])
    folder = Path(spec["tokenizer"])
    words = BytePairTokenizer.from_files(folder / "vocab.json", folder / "merges.txt")
    backbone = random_gpt2(
        **{name: spec[name] for name in ("layers", "heads", "width", "context", "dropout")},
        vocabulary=words.vocabulary_size,
        dtype=precision,
    )
    causal_lm = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)
    packed = {
        data: PackedRows.of(encode(read_dialogues(Path(file)), HUMAN_ASSISTANT, words), spec["context"])
        for data, file in spec["files"].items()
    }
    # A model per data set, as a training of each would have it (their trained places differ); weights and optimizer shared.
    trainers = {
        data: PackedCausalLM(causal_lm, places=rows.most_trained(spec["rows"]), dtype=causal_lm.dtype_policy)
        for data, rows in packed.items()
    }
    first = next(iter(trainers.values()))
    optimizer = make_optimizer(first, weight_decay=fit.weight_decay, clip_norm=fit.clip_norm, accumulation=1)
    for trainer in trainers.values():
        trainer.compile(optimizer=optimizer, jit_compile=choose_compilation(fit.compile))
    optimizer.build(first.trainable_variables)
    schedule = Schedule(peak=fit.learning_rate, warmup_steps=0, total_steps=spec["steps"])
    reports = {
        data: optimise(trainers[data], rows.steps(spec["rows"], 1, spec["seed"], 0, spec["steps"]), schedule)
        for data, rows in packed.items()
    }
    for data, rows in packed.items():
        next(optimise(trainers[data], rows.steps(spec["rows"], 1, spec["seed"], 0, 1), schedule))  # compiles
    channel.ready(
        device=device_name(),
        precision=precision,
        backend=keras.backend.backend(),
        xla=first.jit_compile,
        response_share={data: rows.trained_tokens / (len(rows) * rows.length) for data, rows in packed.items()},
    )
    while data := channel.wait():
        report = next(reports[data])
        channel.done(data, positions=spec["rows"] * spec["context"], response_tokens=report.trained_tokens)


if __name__ == "__main__":
    main()
