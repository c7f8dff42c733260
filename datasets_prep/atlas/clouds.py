"""Word clouds: laid out once by the wordcloud library, then written as SVG for the page and as PNG for reports.

Size is weight; colours only tell neighbours apart. Words lie flat, so that they can be read from the back of a room, and
the largest is held down, so that the others have room.
"""

import html
import io
import itertools
import random
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from datasets_prep.atlas.look import SHADES, WHITE
from datasets_prep.atlas.words import Weighed

WIDTH, HEIGHT, TALLEST = 368, 232, 50  # of the layout, whose cost grows with its surface
SCALE = 2.5  # a PNG has 920 × 580 pixels
COLOURS = 64  # of a PNG: four shades with their edges
WORDS = 50


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A drawn cloud.

    Args:
        svg: for the page; shades are its classes s1 to s4, the font is `face`'s.
        png: the same on white.
        drawn: the words that found a place, the heaviest first.
        left_out: the words of scripts that the font lacks.
    """

    svg: str
    png: bytes
    drawn: tuple[str, ...]
    left_out: tuple[str, ...]


def cloud_of(words: Sequence[Weighed], *, hue: str, alt: str, seed: int) -> Cloud:
    """Draws the heaviest words; none at all give an empty cloud.

    Args:
        words: the heaviest first.
        hue: "count" or "tfidf".
        alt: what the picture shows, for those who do not see it.
        seed: the same seed lays the same words out alike.
    """
    from PIL.Image import Quantize
    from wordcloud import WordCloud

    left_out = tuple(weighed.word for weighed in words if not can_draw(weighed.word))
    weights = {word: weight for word, weight in words if word not in left_out}
    if not weights:
        return Cloud(svg="", png=b"", drawn=(), left_out=left_out)
    shades = SHADES[hue]
    colours = dict(zip(weights, itertools.cycle(shades), strict=False))
    layout = WordCloud(
        width=WIDTH, height=HEIGHT, font_path=str(font_path()), max_words=WORDS, prefer_horizontal=1, margin=6,
        min_font_size=7, max_font_size=TALLEST, font_step=3, relative_scaling=0.45, background_color=None, mode="RGBA",
        random_state=random.Random(seed), color_func=lambda word, **_: colours[word],
    ).generate_from_frequencies(weights)  # fmt: skip
    svg = _styled(layout.to_svg(), shades, alt)
    layout.scale, layout.background_color, layout.mode = SCALE, WHITE, "RGB"
    png = io.BytesIO()
    layout.to_image().quantize(COLOURS, Quantize.FASTOCTREE).save(png, "PNG", compress_level=1)
    return Cloud(
        svg=svg, png=png.getvalue(), drawn=tuple(word for (word, _), *_ in layout.layout_), left_out=left_out
    )  # fmt: skip


def can_draw(word: str) -> bool:
    """Whether the font has every letter of the word."""
    return all(map(has_glyph, word))


def has_glyph(letter: str) -> bool:
    """Whether the font has the letter, and it is none of a script from right to left, which would come out reversed."""
    return ord(letter) in _charmap() and unicodedata.bidirectional(letter) not in ("R", "AL")


def face(words: Iterable[str]) -> bytes:
    """The clouds' font as a WOFF file cut to the letters of these words: a page must look alike everywhere."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(font_path(), recalcTimestamp=False)  # the same letters give the same bytes
    options = Options(hinting=False, layout_features=["kern"])
    options.drop_tables += ["FFTM"]  # FontForge's time stamps
    subsetter = Subsetter(options)
    subsetter.populate(text="".join({letter for word in words for letter in word}))
    subsetter.subset(font)
    font.flavor = "woff"
    written = io.BytesIO()
    font.save(written)
    return written.getvalue()


@cache
def font_path() -> Path:
    """DejaVu Sans, which comes with matplotlib: Latin with all accents, Greek, Cyrillic; free to embed."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _charmap() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(font_path())).get_charmap())


def _styled(svg: str, shades: Sequence[str], alt: str) -> str:
    """The library's SVG with classes for colours, so that it follows the page into the dark, and a text for the blind."""
    svg = re.sub(r"<style>.*?</style>\s*", "", svg, flags=re.DOTALL)
    for rank, shade in enumerate(shades, start=1):
        svg = svg.replace(f'style="fill:{shade}"', f'class="s{rank}"')
    head = f'<svg class="cloud" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(alt)}">'
    return re.sub(r"<svg[^>]*>", lambda _: head, svg, count=1)
