"""The words of a text, French or English, as measures and retrieval see them.

words("L'élève paie 1\u202f234,50 € aujourd'hui : qu'en dit-il ?")
    == ["l", "élève", "paie", "1234,50", "aujourd'hui", "qu", "en", "dit", "il"]

Lower-case, accents kept (é in one character or in two is the same), elided articles and pronouns split off, other
apostrophes kept inside their word ("aujourd'hui", "don't"), numbers kept whole.
"""

import re
import unicodedata

_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "′": "'"})
_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f](?=\d{3}(?!\d))")
_WORD = re.compile(
    r"(?:\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)(?='\w))"  # l'élève → l, élève
    r"|\d+(?:[.,]\d+)+"  # 3,5
    r"|[^\W_]+(?:'[^\W_]+)*"
)


def words(text: str) -> list[str]:
    """The words of a text, in their order."""
    plain = unicodedata.normalize("NFC", text).translate(_APOSTROPHES).lower()
    return _WORD.findall(_THOUSANDS.sub("", plain))
