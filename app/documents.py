"""The command ``causette data passages``: what was read in a document, before any data set is made of it."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

from app.output import table
from chatbot.errors import cannot_write
from chatbot.files import json_line, write_whole
from chatbot.language import number, tr


def read_passages(
    file: Path, *, show: int, seed: int, out: Path | None, replace: bool
) -> tuple[dict[str, Any], list[Any]]:
    """What a document holds and what the rules make of it.

    Args:
        file: a PDF or text file.
        show: pairs to show, drawn with `seed`.
        seed: same seed, same pairs.
        out: a JSONL file for the passages, cleaned.
        replace: whether a file that is there already is replaced.

    Returns:
        The facts as JSON, and the tables and texts for a reader.

    Raises:
        InputError: the file cannot be read, or `out` is not a .jsonl file or is there already.
    """
    from datasets_prep.documents.passages import read_document
    from datasets_prep.export import check_out
    from datasets_prep.questions.pairs import Pair
    from datasets_prep.questions.rules import pairs_by_rules
    from datasets_prep.sources.document import document_report, report_lines, without_pair

    if out is not None:
        check_out(out, (".jsonl",), replace=replace)
    document = read_document(file)
    outcomes = list(pairs_by_rules(document))
    pairs = [outcome for outcome in outcomes if isinstance(outcome, Pair)]
    left, refused = without_pair(outcomes)
    rules = Counter(pair.rule for pair in pairs)
    drawn = random.Random(seed).sample(pairs, min(show, len(pairs)))
    if out is not None:
        _write(out, document)
    value = {
        **document_report(document),
        "pairs": len(pairs),
        "pairs_by_rule": dict(rules.most_common()),
        "left_aside": dict(left.most_common()),
        "refused_pairs": dict(refused.most_common()),
        "sample": [_pair_json(pair, document) for pair in drawn],
    }
    return value, [
        *report_lines(document),
        *_tables(document, rules, left, refused),
        *(_shown(pair, document) for pair in drawn),
    ]


def _tables(document: Any, rules: Counter[str], left: Counter[str], refused: Counter[str]) -> list[Any]:
    from datasets_prep.documents.lines import CLEANED
    from datasets_prep.questions.pairs import rule_in_words
    from datasets_prep.rows import reason_in_words

    how_many = tr("Combien", "How many")
    cleaned = [(tr(*CLEANED[key]), number(count)) for key, count in document.cleaned.most_common()]
    made = [(rule_in_words(rule), number(count)) for rule, count in rules.most_common()]
    aside, dropped = (
        [(reason_in_words(reason), number(count)) for reason, count in counts.most_common()]
        for counts in (left, refused)
    )
    tables = [
        (tr("Remis en ordre", "Set right"), cleaned),
        (tr("Couples par règle", "Pairs by rule"), [*made, (tr("en tout", "in all"), number(rules.total()))]),
        (tr("Passages sans couple", "Passages without a pair"), aside),
        (tr("Couples écartés", "Pairs refused"), dropped),
    ]
    return [table((head, how_many), rows) for head, rows in tables if rows]


def _shown(pair: Any, document: Any) -> str:
    from datasets_prep.questions.pairs import reference

    return "\n".join(filter(None, (f"\n❓ {pair.question}", pair.answer, reference(pair, document))))


def _pair_json(pair: Any, document: Any) -> dict[str, Any]:
    from datasets_prep.sources.document import lineage

    return {"question": pair.question, "answer": pair.answer, "rule": pair.rule, **lineage(pair.passage, document)}


def _write(out: Path, document: Any) -> None:
    from datasets_prep.sources.document import lineage

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for passage in document.passages:
                own = {"kind": passage.kind, "title": passage.title, "text": passage.text}
                file.write(json_line({**lineage(passage, document), **own}))

    try:
        write_whole(out, write)
    except OSError as error:
        raise cannot_write(out, error) from error
