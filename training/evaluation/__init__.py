"""How good a model's answers are, beside others': measured on the same questions, with intervals, or not at all.

Data flows one way: dialogues → `evaluate` (or `baselines`) → records of answers → `measures` with `confidence` → `compare`
(the guard) → `report`.
"""
