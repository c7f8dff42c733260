"""PowerPoint's look: pandoc's own reference deck in our colours."""

import io
import re
import zipfile
from functools import cache

from livrables.pandoc import default_file
from livrables.styles.word import HEADINGS, INK, LINK, PALE

_COLOURS = {"dk2": INK, "lt2": PALE, "accent1": INK, "accent2": "C8553D", "accent3": "588B8B", "hlink": LINK}
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@cache
def reference_pptx() -> bytes:
    """A reference document for pandoc."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(default_file("reference.pptx"))) as given,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in given.namelist():
            content = given.read(name)
            if name.startswith("ppt/theme/"):
                content = _theme(content.decode()).encode()
            elif name == "ppt/slideMasters/slideMaster1.xml":
                content = _master(content.decode()).encode()
            elif name == "ppt/slideLayouts/slideLayout1.xml":
                content = content.replace(b'algn="ctr"', b'algn="l"')
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content)
    return made.getvalue()


def _theme(text: str) -> str:
    for name, colour in _COLOURS.items():
        text = re.sub(rf"(<a:{name}>).*?(</a:{name}>)", rf'\1<a:srgbClr val="{colour}"/>\2', text, flags=re.DOTALL)
    return re.sub(r'(<a:(?:major|minor)Font>\s*<a:latin typeface=")[^"]*"', rf'\g<1>{HEADINGS}"', text)


def _master(text: str) -> str:
    """Titles to the left, in our ink, smaller than the default."""
    title = re.search(r"<p:titleStyle>.*?</p:titleStyle>", text, re.DOTALL)
    if title is None:
        return text
    styled = re.sub(r'algn="ctr"', 'algn="l"', title[0])
    styled = re.sub(r'(<a:defRPr )sz="\d+"', r'\1sz="3200" b="1"', styled).replace('<a:schemeClr val="tx1"', '<a:schemeClr val="tx2"')  # fmt: skip
    return text.replace(title[0], styled)
