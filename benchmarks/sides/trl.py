"""The side of PyTorch: transformers' GPT-2 and TRL's `SFTTrainer`, prompt and completion, packed.

The trainer's own preparation, collator, loop and optimizer run unchanged: a callback holds it at the end of each step
until the next one is asked for, and the collator's batches are counted as they come out. Runs in the peers' Python.

The rows of a step are accumulated one by one: TRL joins the rows of a batch end to end, so that attention is computed
over the whole batch's length. `--also` measures the other way too (`trl_at_once`).
"""

import tempfile
from typing import Any

from benchmarks.sides.channel import Channel


def trainer_of(spec: dict[str, Any], rows: list[dict[str, Any]], out: str) -> Any:
    """The trainer of a GPT-2 with random weights; it trains on the completions alone, as it does by default."""
    import torch
    from datasets import Dataset
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer
    from trl import SFTConfig, SFTTrainer

    torch.manual_seed(spec["seed"])
    words = GPT2Tokenizer.from_pretrained(spec["tokenizer"])
    config = GPT2Config(
        vocab_size=len(words),
        n_positions=spec["context"],
        n_embd=spec["width"],
        n_layer=spec["layers"],
        n_head=spec["heads"],
        resid_pdrop=spec["dropout"],
        embd_pdrop=spec["dropout"],
        attn_pdrop=spec["dropout"],
    )
    settings = SFTConfig(
        output_dir=out,
        packing=True,
        max_length=spec["context"],
        per_device_train_batch_size=1 if spec["accumulated"] else spec["rows"],
        gradient_accumulation_steps=spec["rows"] if spec["accumulated"] else 1,
        max_steps=spec["steps"],
        learning_rate=5e-5,
        bf16=spec["precision"] == "bfloat16",
        gradient_checkpointing=spec["checkpointing"],
        use_cpu=not torch.cuda.is_available(),
        seed=spec["seed"],
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    pairs = Dataset.from_list([{name: row[name] for name in ("prompt", "completion")} for row in rows])
    return SFTTrainer(GPT2LMHeadModel(config), settings, train_dataset=pairs, processing_class=words)


class Counted:
    """A collator that passes batches on and remembers, in order, how many tokens each trains and how many it holds."""

    def __init__(self, collator: Any):
        self._collator = collator
        self.counts: list[tuple[int, int]] = []

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = self._collator(examples)
        trained = int((batch["labels"][:, 1:] != -100).sum())  # the first label has nothing before it
        self.counts.append((trained, batch["input_ids"].numel()))
        return batch


def main() -> None:
    channel = Channel()
    spec = channel.spec
    from transformers import TrainerCallback

    (data,) = spec["files"]
    with tempfile.TemporaryDirectory() as out:
        trainer = trainer_of(spec, channel.rows(data), out)
        counted = trainer.data_collator = Counted(trainer.data_collator)

        class Held(TrainerCallback):
            """Tells of each optimizer step and waits for the next."""

            def on_step_end(self, args, state, control, **kwargs):
                # The trainer fetches ahead: the batches of the step just made are those of its number, not the last.
                batches = trainer.args.gradient_accumulation_steps
                made = counted.counts[(state.global_step - 1) * batches : state.global_step * batches]
                trained, positions = map(sum, zip(*made, strict=True))
                if state.global_step > 1:
                    channel.done(data, positions=positions, response_tokens=trained)
                else:
                    channel.ready(
                        precision=spec["precision"],
                        backend="torch",
                        response_share={data: share_of(trainer.train_dataset)},
                    )
                if channel.wait() is None:
                    control.should_training_stop = True

        trainer.add_callback(Held())
        trainer.train()


def share_of(packed: Any) -> float:
    """Trained tokens per position over all packed rows; a dialogue's first token is never predicted."""
    trained = places = 0
    for row in packed:
        starts = {sum(row["seq_lengths"][:number]) for number in range(len(row["seq_lengths"]))}
        trained += sum(label != -100 and place not in starts for place, label in enumerate(row["labels"]))
        places += len(row["labels"])
    return trained / places


if __name__ == "__main__":
    main()
