"""Shapes of tiny models of several families."""

SHAPE = {"num_layers": 2, "hidden_dim": 32, "intermediate_dim": 48}
GROUPED = {**SHAPE, "num_query_heads": 4, "num_key_value_heads": 2}
SCALED = {  # positions as in Llama 3.1
    "rope_frequency_adjustment_factor": 8.0,
    "rope_low_freq_factor": 1.0,
    "rope_high_freq_factor": 4.0,
    "rope_pretraining_sequence_length": 32,
}
