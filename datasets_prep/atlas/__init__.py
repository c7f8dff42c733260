"""The corpus atlas: what a prepared set speaks of, how long its dialogues are, and what a model learns of them."""
