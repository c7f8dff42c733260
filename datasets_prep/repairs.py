"""Repairs: what was changed in a row so that it can be read, each told with the text before and after.

What is repaired in a cell: mojibake (by ftfy, held to the encoding: French typography is never touched), bytes of
another encoding, characters that no text means (NUL, a byte-order mark in the middle). What is repaired in the quoting
and the number of cells stands in `csv_records`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from chatbot.language import number, tr

# Every kind of repair, in French and in English.
REPAIRS: Mapping[str, tuple[str, str]] = {
    "mojibake": ("caractères mal décodés (« Ã© » au lieu de « é »)", "wrongly decoded characters (“Ã©” for “é”)"),
    "broken_bytes": ("octets d'un autre encodage", "bytes of another encoding"),
    "control_characters": ("caractères sans sens (NUL, BOM) ôtés", "meaningless characters (NUL, BOM) removed"),
    "stray_quote": ("guillemet non doublé dans une cellule", "undoubled quote within a cell"),
    "unclosed_quote": ("guillemet jamais fermé", "quote never closed"),
    "blank_before_quote": ("espace devant un guillemet ouvrant", "blank before an opening quote"),
    "separator_in_text": ("séparateur dans un texte sans guillemets", "separator within an unquoted text"),
}
# UTF-8 read as cp1252 or latin-1 ("Ã©", "â€™"), or as MacRoman ("√©", "‚Äô").
CONTINUATION = "\x80-\xbf" + bytes(byte for byte in range(0x80, 0xA0)).decode("cp1252", "ignore")
MOJIBAKE = re.compile(f"[\xc2-\xf4][{CONTINUATION}]|[\u221a\u00ac\u2248][\x80-\uffff]|\u201a[\xc0-\xff]")
MEANINGLESS = re.compile("[\0\ufeff]")
ESCAPED = re.compile("[\udc80-\udcff]+")  # bytes that the encoding does not know, see `Encoding.errors`
LOST = "\ufffd"  # where a program before us, or a decoder, has lost a character
SUSPECT = re.compile(f"{MOJIBAKE.pattern}|[\0\ufeff{LOST}\udc80-\udcff]")
LONGEST_SHOWN = 90  # characters of a text before or after, or of a rejected row, in a diagnosis


@dataclass(frozen=True, kw_only=True)
class Repair:
    """One repair in one row.

    Args:
        kind: a key of `REPAIRS`.
        before, after: the text of the cell; that of the whole record where its cells were told apart anew.
        column: the name of the cell's column; "" for the whole record.
    """

    kind: str
    before: str
    after: str
    column: str = ""

    def __post_init__(self) -> None:
        assert self.kind in REPAIRS, self.kind

    def to_json(self) -> dict[str, str]:
        """The repair as a line of the log holds it; bytes that are no text as "\\xE9"."""
        return {"repair": self.kind, "column": self.column, "before": shown_bytes(self.before), "after": self.after}


def is_suspect(text: str) -> bool:
    """Whether anything in the text may need a repair; a quick look that lets most texts pass."""
    return "\0" in text if text.isascii() else SUSPECT.search(text) is not None


def mended(cell: str, column: str = "") -> tuple[str, list[Repair]]:
    """The cell as it was meant, and what was repaired in it; most cells come back as they are, at once."""
    if not is_suspect(cell):
        return cell, []
    steps = (
        ("broken_bytes", _bytes_read, ESCAPED),
        ("mojibake", _decoded_anew, MOJIBAKE),
        ("control_characters", lambda text: MEANINGLESS.sub("", text), MEANINGLESS),
    )
    repairs: list[Repair] = []
    for kind, mend, sign in steps:
        before = cell
        cell = mend(cell) if sign.search(cell) else cell
        if cell != before:
            repairs.append(Repair(kind=kind, before=before, after=cell, column=column))
    return cell, repairs


def mended_value(value: Any, name: str = "") -> tuple[Any, list[Repair]]:
    """The same for all the texts and keys of a JSON value; `name` is that of the nearest key above a text."""
    if isinstance(value, str):
        return mended(value, name)
    repairs: list[Repair] = []
    if isinstance(value, dict):
        names, repairs = _mended_keys(value)
        pairs = {names[key]: mended_value(one, names[key]) for key, one in value.items()}
        repairs += [repair for _, some in pairs.values() for repair in some]
        return ({key: one for key, (one, _) in pairs.items()} if repairs else value), repairs
    if isinstance(value, list):
        items = [mended_value(one, name) for one in value]
        repairs = [repair for _, some in items for repair in some]
        return ([one for one, _ in items] if repairs else value), repairs
    return value, repairs


def _mended_keys(value: Mapping[str, Any]) -> tuple[dict[str, str], list[Repair]]:
    """What each key becomes, and the repairs; one that would become the same as another stays as it is."""
    names, repairs, taken = {key: key for key in value}, list[Repair](), set(value)
    for key in filter(is_suspect, value):
        name, mends = mended(key)
        names[key] = key if name in taken else name
        taken.add(name)
        repairs += [replace(mend, column=name) for mend in mends] if names[key] != key else []
    return names, repairs


def is_unreadable(cell: str) -> bool:
    """Whether bytes are left in the cell that are no text in any encoding tried."""
    return not cell.isascii() and ESCAPED.search(cell) is not None


def shown_bytes(text: str) -> str:
    """The text with bytes that are no text as "\\xE9"."""
    return ESCAPED.sub(lambda run: "".join(f"\\x{ord(one) - 0xDC00:02X}" for one in run[0]), text)


def repair_in_words(kind: str) -> str:
    """The sentence of a kind of repair in the current language."""
    return tr(*REPAIRS[kind])


def repairs_in_words(counts: Mapping[str, int]) -> str:
    """ "12 × wrongly decoded characters, 1 × quote never closed", the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{number(count)} × {repair_in_words(kind)}" for kind, count in ordered)


def shortened(before: str, after: str) -> tuple[str, str]:
    """Both texts on one line each, cut around the first difference."""
    texts = [" ".join(shown_bytes(text).replace("\0", "\\0").replace("\ufeff", "\\uFEFF").split()) for text in (before, after)]  # fmt: skip
    same = next((place for place, pair in enumerate(zip(*texts, strict=False)) if len(set(pair)) > 1), 0)
    start = max(0, same - LONGEST_SHOWN // 3)
    return tuple(_window(text, start) for text in texts)  # type: ignore[return-value]  # two of them


def _window(text: str, start: int) -> str:
    part = text[start : start + LONGEST_SHOWN]
    return f"{'…' if start else ''}{part}{'…' if start + LONGEST_SHOWN < len(text) else ''}"


def _bytes_read(cell: str) -> str:
    """UTF-8 with bytes of cp1252 in it: the whole cell as cp1252 where that makes sense, else byte by byte."""
    whole = _as_cp1252(cell.encode("utf-8", "surrogateescape"))
    escaped = sum(map(len, ESCAPED.findall(cell)))
    valid = len(cell) - len(cell.encode("ascii", "ignore")) - escaped
    if whole and valid <= escaped and not MOJIBAKE.search(whole):
        return whole
    return ESCAPED.sub(lambda run: _as_cp1252(run[0].encode("utf-8", "surrogateescape")) or run[0], cell)


def _as_cp1252(data: bytes) -> str:
    """The bytes as cp1252; "" where they are rather the beginning of a UTF-8 character whose end is lost."""
    if re.search(rb"\xc3(?![\x80-\xbf])|\xe2\x80(?![\x80-\xbf])", data):
        return ""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return ""


def _decoded_anew(cell: str) -> str:
    import ftfy

    return ftfy.fix_encoding(cell, _encoding_only())


@cache
def _encoding_only() -> Any:
    """ftfy at its encoding step alone: no straightened quotes, no changed ligatures, widths, line ends or entities."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False, remove_terminal_escapes=False, replace_lossy_sequences=False, fix_c1_controls=True,
        fix_latin_ligatures=False, fix_character_width=False, uncurl_quotes=False, fix_line_breaks=False,
        fix_surrogates=False, remove_control_chars=False, normalization=None, explain=False,
    )  # fmt: skip
