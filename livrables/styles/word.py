"""Word's styles, header and footer: pandoc's own reference document with its styles replaced by ours.

Made when it is needed, for each document: header and footer carry the title and the team as text, which every program
shows; fields that look a title up do not work everywhere.
"""

import io
import re
import zipfile
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

from chatbot.language import current_language
from livrables.pandoc import default_file

INK, PALE, GREY, RULE, LINK = "1F3A5F", "EEF2F7", "5B6470", "C3CEDC", "1D5FA8"
BODY, HEADINGS, MONO = "Cambria", "Calibri", "Consolas"
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same bytes at every build


@dataclass(frozen=True, kw_only=True)
class Style:
    """A paragraph style.

    Args:
        key: as pandoc names it.
        name: as Word shows it.
        base: the style it changes.
        size: in half points; 0 as its base.
        before, after: in twentieths of a point.
        run, paragraph, last: more of Word's properties; `last` stands after the spacing, as the format's order asks.
    """

    key: str
    name: str
    base: str = "Normal"
    size: int = 0
    color: str = ""
    bold: bool = False
    font: str = ""
    before: int = 0
    after: int = 0
    run: str = ""
    paragraph: str = ""
    last: str = ""

    def xml(self) -> str:
        run = _font(self.font) + ("<w:b/>" if self.bold else "") + self.run
        run += f'<w:color w:val="{self.color}"/>' if self.color else ""
        run += f'<w:sz w:val="{self.size}"/><w:szCs w:val="{self.size}"/>' if self.size else ""
        base = f'<w:basedOn w:val="{self.base}"/>' if self.key != "Normal" else ""
        default = ' w:default="1"' if self.key == "Normal" else ""
        return (f'<w:style w:type="paragraph"{default} w:styleId="{self.key}"><w:name w:val="{self.name}"/>{base}<w:qFormat/>'
                f'<w:pPr>{self.paragraph}<w:spacing w:before="{self.before}" w:after="{self.after}"/>{self.last}{_level(self.key)}</w:pPr>'
                f"<w:rPr>{run}</w:rPr></w:style>")  # fmt: skip


_NEXT = "<w:keepNext/><w:keepLines/>"
_BESIDE = f'<w:pBdr><w:left w:val="single" w:sz="18" w:space="8" w:color="{RULE}"/></w:pBdr>'
_UNDER = f'<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="4" w:color="{INK}"/></w:pBdr>'
STYLES = (
    Style(key="Normal", name="Normal"),
    Style(key="BodyText", name="Body Text", before=80, after=80),
    Style(key="FirstParagraph", name="First Paragraph", base="BodyText", before=120, after=80),
    Style(key="Compact", name="Compact", base="BodyText", before=30, after=30),
    Style(key="Kept", name="Kept", base="Compact", before=30, after=30, paragraph="<w:keepNext/>"),
    Style(key="Lead", name="Lead", base="BodyText", before=80, after=80, paragraph="<w:keepNext/>"),
    Style(key="Title", name="Title", size=44, color=INK, bold=True, font=HEADINGS, after=200, paragraph=_NEXT + _UNDER),
    Style(key="Subtitle", name="Subtitle", size=24, color=GREY, font=HEADINGS, after=160),
    Style(key="Heading1", name="heading 1", size=30, color=INK, bold=True, font=HEADINGS, before=360, after=120, paragraph=_NEXT),
    Style(key="Heading2", name="heading 2", size=25, color=INK, bold=True, font=HEADINGS, before=280, after=100, paragraph=_NEXT),
    Style(key="Heading3", name="heading 3", size=22, color=INK, bold=True, font=HEADINGS, before=220, after=80, paragraph=_NEXT),
    Style(key="BlockText", name="Block Text", base="BodyText", before=60, after=60, paragraph=_BESIDE, color="333B45", last='<w:ind w:left="280"/>'),
    Style(key="SourceCode", name="Source Code", font=MONO, size=18, before=80, after=80,
          paragraph=f'<w:shd w:val="clear" w:color="auto" w:fill="{PALE}"/><w:wordWrap w:val="off"/>'),
    Style(key="FootnoteText", name="footnote text", size=18),
    Style(key="Caption", name="caption", size=18, color=GREY, run="<w:i/>", after=160),
    Style(key="ImageCaption", name="Image Caption", base="Caption", size=18, color=GREY, run="<w:i/>", after=240,
          paragraph="<w:keepLines/>", last='<w:jc w:val="left"/>'),
    Style(key="TableCaption", name="Table Caption", base="Caption", size=18, color=GREY, run="<w:i/>", after=60, paragraph="<w:keepNext/>"),
    Style(key="Figure", name="Figure", before=160, after=60),
    Style(key="CaptionedFigure", name="Captioned Figure", base="Figure", before=200, after=60, paragraph="<w:keepNext/>"),
    Style(key="Header", name="header", size=17, color=GREY, font=HEADINGS),
    Style(key="Footer", name="footer", size=17, color=GREY, font=HEADINGS),
)  # fmt: skip


def reference_docx(title: str, team: str) -> bytes:
    """A reference document for pandoc whose pages carry this title and team."""
    parts = dict(_default())
    parts["word/styles.xml"] = _styles()
    parts["word/header1.xml"] = _running("hdr", "Header", f"{_run(title)}{_tab()}{_run(team)}")
    parts["word/footer1.xml"] = _running("ftr", "Footer", f"{_tab()}{_field('PAGE')}{_run(' / ')}{_field('NUMPAGES')}")
    types = "".join(
        f'<Override PartName="/word/{name}1.xml" ContentType="{_TYPE}{name}+xml"/>' for name in ("header", "footer")
    )
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", types + "</Types>")
    links = "".join(f'<Relationship Id="rId9{place}" Type="{_KIND}{name}" Target="{name}1.xml"/>' for place, name in enumerate(("header", "footer")))  # fmt: skip
    rels = "word/_rels/document.xml.rels"
    parts[rels] = parts[rels].replace("</Relationships>", links + "</Relationships>")
    parts["word/document.xml"] = re.sub(
        r"<w:sectPr>.*</w:sectPr>", _section(), parts["word/document.xml"], flags=re.DOTALL
    )
    return _zipped(parts)


@cache
def _default() -> tuple[tuple[str, str], ...]:
    with zipfile.ZipFile(io.BytesIO(default_file("reference.docx"))) as archive:
        return tuple((name, archive.read(name).decode("utf-8-sig")) for name in archive.namelist())


def _zipped(parts: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), text)
    return made.getvalue()


def _styles() -> str:
    language = {"fr": "fr-FR", "en": "en-GB"}[current_language()]
    defaults = (f'<w:docDefaults><w:rPrDefault><w:rPr>{_font(BODY)}<w:sz w:val="22"/><w:szCs w:val="22"/><w:lang w:val="{language}"/>'
                '</w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:line="269" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>')  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?><w:styles {_W}>{defaults}{"".join(style.xml() for style in STYLES)}{_characters()}{_table()}</w:styles>'  # fmt: skip


def _characters() -> str:
    made = {
        "DefaultParagraphFont": ("Default Paragraph Font", ""),
        "VerbatimChar": ("Verbatim Char", f'{_font(MONO)}<w:sz w:val="19"/>'),
        "Source": ("Source", f'<w:color w:val="{GREY}"/><w:sz w:val="15"/>'),
        "Hyperlink": ("Hyperlink", f'<w:color w:val="{LINK}"/>'),
        "FootnoteReference": ("footnote reference", '<w:vertAlign w:val="superscript"/>'),
    }
    return "".join(
        f'<w:style w:type="character"{" w:default=" + chr(34) + "1" + chr(34) if key == "DefaultParagraphFont" else ""} '
        f'w:styleId="{key}"><w:name w:val="{name}"/><w:rPr>{run}</w:rPr></w:style>'
        for key, (name, run) in made.items()
    )


def _table() -> str:
    """Rules between rows, a shaded head that is repeated on each page (pandoc marks it)."""
    thin = f'w:val="single" w:sz="4" w:space="0" w:color="{RULE}"'
    thick = f'w:val="single" w:sz="8" w:space="0" w:color="{INK}"'
    return (f'<w:style w:type="table" w:default="1" w:styleId="Table"><w:name w:val="Table"/><w:qFormat/><w:rPr><w:sz w:val="19"/></w:rPr>'
            f'<w:tblPr><w:tblBorders><w:top {thick}/><w:bottom {thin}/><w:insideH {thin}/></w:tblBorders><w:tblCellMar>'
            '<w:top w:w="30" w:type="dxa"/><w:left w:w="90" w:type="dxa"/><w:bottom w:w="30" w:type="dxa"/><w:right w:w="90" w:type="dxa"/>'
            f'</w:tblCellMar></w:tblPr><w:trPr><w:cantSplit/></w:trPr><w:tblStylePr w:type="firstRow"><w:rPr><w:b/><w:color w:val="{INK}"/></w:rPr><w:tcPr><w:tcBorders>'
            f'<w:bottom {thick}/></w:tcBorders><w:shd w:val="clear" w:color="auto" w:fill="{PALE}"/></w:tcPr></w:tblStylePr></w:style>')  # fmt: skip


def _section() -> str:
    """A4, with header and footer."""
    return (f'<w:sectPr><w:headerReference {_R} w:type="default" r:id="rId90"/><w:footerReference {_R} w:type="default" r:id="rId91"/>'
            '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1474" w:right="1361" w:bottom="1361" w:left="1361" w:header="680" w:footer="624" w:gutter="0"/>'
            "</w:sectPr>")  # fmt: skip


def _running(tag: str, style: str, inside: str) -> str:
    return (f'<?xml version="1.0" encoding="UTF-8"?><w:{tag} {_W}><w:p><w:pPr><w:pStyle w:val="{style}"/>'
            f'<w:tabs><w:tab w:val="right" w:pos="9184"/></w:tabs></w:pPr>{inside}</w:p></w:{tag}>')  # fmt: skip


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def _tab() -> str:
    return "<w:r><w:tab/></w:r>"


def _field(name: str) -> str:
    return f'<w:fldSimple w:instr=" {name} "><w:r><w:t>1</w:t></w:r></w:fldSimple>'


def _font(name: str) -> str:
    return f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:cs="{name}"/>' if name else ""


def _level(key: str) -> str:
    return f'<w:outlineLvl w:val="{int(key[-1]) - 1}"/>' if key.startswith("Heading") else ""
