"""From text cut into tokens ("the company 's profit , up 5 %") back to text as people write it.

English news and papers are often published that way. Only blanks and quotation marks change; no letter does.
"""

import re

# What to look for → what to put, in this order.
RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"``\s*|\s*''", '"'),
        (r"\s+(?=(?:'(?:s|m|re|ve|ll|d|S)|n't)\b)", ""),  # the company 's
        (r"(?:^|(?<=\s))`\s+(.+?)\s+'(?=[\s,.)]|$)", r"'\1'"),  # a ` buy ' rating
        (r"(?:^|(?<=\s))`\s+", "'"),  # opened, and closed nowhere
        (r"(?<=[^s\s]) '\s+([^']+?)\s+'(?=[\s,.)]|$)", r" '\1'"),  # to ' hold ' from ' sell '
        (r"(?<=s) '(?= )|(?<=[.,!?]) '(?=\s|$)", "'"),  # analysts ' expectations; …, ' he said
        (r"([(\[{])\s+", r"\1"),
        (r"\s+([)\]}])", r"\1"),
        (r"\s+([,;:?!]|(?<=[\d)] )%)(?=\s|$|[)\]}\"'])", r"\1"),
        (r"(?<=\d) (?=[.,]\d)|(?<=US) (?=\.\d)", ""),  # EUR297 .3 m, EUR995 ,000
        (r"\s+(\.+)(?=\s|$|[)\]}\"'])", r"\1"),
        (r"(?<=\d%) -(?=\d)", "-"),  # 10 % -20 %
        (r"\$ (?=\d)", "$"),
        (r"[ \t]{2,}", " "),
    )
)
SPACED = re.compile(r"(?<=\w) ([-/]) (?=\w)")  # well - known


def detokenised(text: str, *, hyphens: bool = False) -> str:
    """The text with the blanks of the tokenisation taken out.

    Args:
        text: tokens with blanks between.
        hyphens: whether " - " and " / " between words are hyphens and strokes cut off by the tokenisation, and not
            dashes of the author.
    """
    for pattern, replacement in RULES:
        text = pattern.sub(replacement, text)
    return (SPACED.sub(r"\1", text) if hyphens else text).strip()
