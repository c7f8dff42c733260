"""BERTScore with a tiny real encoder of each kind, against the formula written out."""

import numpy as np
import pytest

from chatbot.errors import InputError
from training.evaluation.similarity import Encoder

WORDS = ["le", "colis", "part", "ce", "soir", "demain", "##s", "livre", "arrive", "?"]


def save_bert(folder):
    """Writes a tiny BERT with random weights; returns its folder."""
    import keras
    import keras_hub

    keras.utils.set_random_seed(3)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=vocabulary, lowercase=True)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=len(vocabulary),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=40,
    )
    backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save_bert(tmp_path_factory.mktemp("encoders") / "bert")


def by_the_formula(folder, answer, expected):
    """One text at a time, without batches or padding."""
    import keras_hub

    tokenizer = keras_hub.models.Tokenizer.from_preset(str(folder))
    backbone = keras_hub.models.Backbone.from_preset(str(folder))

    def vectors(text):
        ids = np.array([[tokenizer.cls_token_id, *np.asarray(tokenizer(text)), tokenizer.sep_token_id]])
        inputs = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": 0 * ids + 1}
        found = np.asarray(backbone(inputs)["sequence_output"])[0, 1:-1]
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    cosines = vectors(answer) @ vectors(expected).T
    precision, recall = cosines.max(1).mean(), cosines.max(0).mean()
    return 2 * precision * recall / (precision + recall)


def test_it_is_the_formula(bert):
    answers = ["le colis part ce soir", "livre", "", "le colis part ce soir " * 12, "demain"]
    expected = ["le colis part ce soir", "le colis arrive demain", "colis", "le livre", ""]
    found = Encoder(str(bert)).scores(answers, expected)
    assert found[0] == pytest.approx(1.0, abs=1e-5) and found[2] == found[4] == 0.0
    assert found[1] == pytest.approx(by_the_formula(bert, answers[1], expected[1]), abs=1e-5)
    cut = " ".join(answers[3].split()[:38])  # forty tokens with both ends
    assert found[3] == pytest.approx(by_the_formula(bert, cut, expected[3]), abs=1e-5)


def test_what_is_no_encoder_is_refused(tiny_preset, tmp_path):
    with pytest.raises(InputError, match="pas un encodeur"):
        Encoder(str(tiny_preset))
    with pytest.raises(InputError):
        Encoder(str(tmp_path))
