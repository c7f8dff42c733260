"""Packing, fine-tuning, run folders, evaluation, comparison, pre-training."""
