"""What tests of benchmarks share: a small prepared set."""

from pathlib import Path

import pytest


@pytest.fixture
def parcels(tmp_path) -> Path:
    """Forty questions on parcels, prepared."""
    from datasets_prep.prepare import PrepareConfig, prepare

    rows = "\n".join(f"Où est le colis {n} ?;Le colis {n} part ce soir." for n in range(40))
    (tmp_path / "colis.csv").write_text(f"question;answer\n{rows}\n", encoding="utf-8")
    sources = (str(tmp_path / "colis.csv"),)
    return prepare(PrepareConfig(sources=sources, out=tmp_path / "colis", near_question=1.0, near_answer=1.0))
