"""What all tests share: real data where it is at hand, and a tiny real model."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# The Hub's client reads these when it is imported, once for all tests.
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_DISABLE_UPDATE_CHECK", "1")
os.environ.setdefault("HF_TOKEN_PATH", os.devnull)  # the token of who runs the tests is no token here

FRENCH = [
    "Bonjour, où en est ma commande ? Elle a été expédiée hier.",
    "Quel est le délai de livraison à domicile ? Deux à quatre jours ouvrés.",
    "L'élève a déjà préparé le cœur de son modèle : « très bien » !",
    "Puis-je retourner un article ? Oui, pendant trente jours.",
    "How long does delivery take? Two to four working days.",
    "What is glaucoma? A disease of the eye.",
]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data kept beside the project; absent from a user's clone."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data beside the project (../shared/data) is not here")
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub on this machine, and this process's environment leading to it: `tests.hub_server.Hub`."""
    from tests.hub_server import hub_running

    with hub_running(tmp_path / "hf_home") as running:
        for name, value in running.settings().items():
            monkeypatch.setenv(name, value)
        yield running
        import huggingface_hub

        huggingface_hub.close_session()  # its connections lead to a server that is gone


@pytest.fixture(scope="session")
def tiny_tokenizer():
    """A byte-level BPE of 400 tokens learnt on six sentences."""
    from chatbot.tokenizer import BytePairTokenizer

    return BytePairTokenizer.train(FRENCH * 4, 400)


def build_tiny(
    tokenizer,
    *,
    seed: int = 1,
    dropout: float = 0.0,
    dtype: str = "float32",
    context: int = 128,
    intermediate: int = 32,
    layers: int = 2,
):
    """A real GPT-2, of two layers by default, with weights large enough that its answers depend on its prompt."""
    import keras
    import keras_hub
    import numpy as np

    keras.utils.set_random_seed(seed)
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=tokenizer.vocabulary_size,
        num_layers=layers,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=intermediate,
        max_sequence_length=context,
        dropout=dropout,
        dtype=dtype,
    )
    random = np.random.default_rng(seed)
    for variable in backbone.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(random.normal(scale=0.25, size=variable.shape))
    words = keras_hub.models.GPT2Tokenizer(vocabulary=tokenizer.vocabulary, merges=tokenizer.merges)
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(words, sequence_length=context)
    return keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=preprocessor)


@pytest.fixture(scope="session")
def tiny_preset(tiny_tokenizer, tmp_path_factory) -> Path:
    """The folder of a tiny KerasHub preset, as `causette pretrain` writes one."""
    from chatbot.model import save_preset

    folder = tmp_path_factory.mktemp("presets") / "tiny"
    save_preset(build_tiny(tiny_tokenizer), folder, {"template": "human_assistant"})
    return folder


@pytest.fixture(scope="session")
def tiny_model(tiny_preset):
    """The tiny preset, loaded as a user would."""
    from chatbot.model import load_model

    return load_model(str(tiny_preset))
