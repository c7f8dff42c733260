"""The models that a training from the page may begin with."""

from dataclasses import dataclass

from app.page.tuning_jobs import Method

# Method → recipe, by the size of the base.
SMALL: dict[Method, str] = {"full": "petit", "lora": "petit"}
LARGE: dict[Method, str] = {"full": "gpt2", "lora": "gpt2_lora"}
MINI = "mini"
# An adapter of two kernels hardly moves a small model: 6.50 → 6.38 in two epochs of 59 dialogues; of all kernels, 6.12.
WIDE = ("lora.targets=[all]", "lora.rank=16", "lora.alpha=32")


@dataclass(frozen=True, kw_only=True)
class Base:
    """Args:
    name: for the reader.
    model: as `causette train --model` takes it.
    large: whether it trains by the recipes of GPT-2 instead of those of `mini`.
    """

    name: str
    model: str
    large: bool = False

    def recipe(self, method: Method) -> str:
        return (LARGE if self.large else SMALL)[method]

    def changes(self, method: Method) -> tuple[str, ...]:
        """What is changed in the recipe."""
        return WIDE if method == "lora" and not self.large else ()


def bases_for(served: str | None = None) -> list[Base]:
    """`mini`, and the base of the model that the page was opened for, where that is another one on this disk.

    Args:
        served: run folder, preset folder or name; None for a model that runs elsewhere.
    """
    from pathlib import Path

    from training.runs import RunFolder

    mini = Base(name=MINI, model=MINI)
    if served is None or served == MINI:
        return [mini]
    run = Path(served) / "config.yaml"
    model = RunFolder.open(Path(served)).config.model if run.exists() else served
    return [mini] if model == MINI else [mini, Base(name=Path(model).name or model, model=model, large=True)]
