"""A document between Markdown and its pages: pandoc's tree, from which whatever a stranger could have put in is taken out.

Pages hold text, tables, lists, quotations, code and pictures that lie in the team's own folder. HTML, links
other than to the web and pictures from elsewhere become plain text; raw TeX and Typst are not even read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from chatbot.language import tr

Node = dict[str, Any]
KINDS = (".png", ".jpg", ".jpeg", ".gif")
WIDEST, HIGHEST = 15.5, 11.0  # centimetres of a picture
WHOLE_PAGE, PAGE = "whole page", 21.5  # what a picture that may be as high as a page says in its comment; centimetres
DENSITY = 120 / 2.54  # pixels per centimetre, where the page has room
_MARK = re.compile(r"(\[S\d+\])")
_FIGURE = re.compile(r"Figure\s\d+\.")
_NOTHING: list[Any] = ["", [], []]


@dataclass
class Pages:
    """A document's tree, made safe.

    Args:
        folder: that its pictures' paths start from.
        root: that they may not leave.
        title: of the document, as inlines.
        front: rows of the table under the title: label and value, as inlines.
        blocks: all that follows.
        pictures: name in the tree → file.
        refused: what was left out, as its path or address.
    """

    folder: Path
    root: Path
    title: list[Node] = field(default_factory=list)
    front: list[tuple[list[Node], list[Node]]] = field(default_factory=list)
    blocks: list[Node] = field(default_factory=list)
    pictures: dict[str, Path] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Node, folder: Path, root: Path) -> "Pages":
        pages = cls(folder=folder, root=root)
        blocks = pages._blocks(tree["blocks"])
        if blocks and blocks[0]["t"] == "Header" and blocks[0]["c"][0] == 1:
            pages.title = blocks.pop(0)["c"][2]
            if blocks and blocks[0]["t"] == "Table" and len(blocks[0]["c"][2]) == 2:
                pages.front = list(_rows(blocks.pop(0)))
        pages.blocks = [_raised(block) for block in _with_leads(_with_figures(blocks))]
        return pages

    def _blocks(self, blocks: list[Node]) -> list[Node]:
        return [made for block in blocks for made in self._block(block)]

    def _block(self, block: Node) -> Iterator[Node]:
        kind = block["t"]
        if kind == "RawBlock":
            yield {"t": "Para", "c": list(_literal(block["c"][1]))}
            return
        if kind == "CodeBlock":
            if "mermaid" not in block["c"][0][1]:  # the diagram stands beside it as a picture
                yield {"t": "CodeBlock", "c": [_NOTHING, block["c"][1]]}
        elif kind == "Table":
            yield _to_the_left(self._walked(block))
        else:
            yield self._walked(block)

    def _walked(self, node: Any) -> Any:
        """The same node with all that is within it made safe."""
        if isinstance(node, list):
            if node and all(isinstance(one, dict) and "t" in one for one in node):
                return [made for one in node for made in self._one(one)]
            return [self._walked(one) for one in node]
        if isinstance(node, dict):
            return {key: self._walked(value) for key, value in node.items()}
        return node

    def _one(self, node: Node) -> Iterator[Node]:
        change: Callable[[Node], Iterator[Node]] | None = {
            "Str": _marks, "Image": self._image, "Link": self._link, "CodeBlock": self._block, "Table": self._block, "RawBlock": self._block,
        }.get(node["t"])  # fmt: skip
        if node["t"] == "RawInline":
            yield from _literal(node["c"][1])
            return
        yield from change(node) if change else iter([self._walked(node)])

    def _link(self, node: Node) -> Iterator[Node]:
        inside, (address, _) = self._walked(node["c"][1]), node["c"][2]
        if re.match(r"(https?://|mailto:)", address):
            yield {"t": "Link", "c": [_NOTHING, inside, [address, ""]]}
        else:
            yield from inside

    def _image(self, node: Node) -> Iterator[Node]:
        caption, address = node["c"][1], unquote(node["c"][2][0])
        file = self.folder / address
        width = _width(file, self.root)
        if width is None:
            self.refused.append(address)
            told = tr(f"[image non incluse : {address}]", f"[picture left out: {address}]")
            yield {"t": "Emph", "c": [{"t": "Str", "c": told}]}
            return
        name = f"picture-{len(self.pictures) + 1}{file.suffix.lower()}"
        self.pictures[name] = file
        yield {"t": "Image", "c": [["", [], [["width", f"{width:.2f}cm"]]], caption, [name, ""]]}


def _width(file: Path, root: Path) -> float | None:
    """Centimetres on the page; None for what is no picture of the team's folder."""
    from PIL import Image, UnidentifiedImageError

    try:
        if file.suffix.lower() not in KINDS or not file.resolve().is_relative_to(root.resolve()):
            return None
        with Image.open(file) as picture:
            across, down = picture.size
            picture.load()
            highest = PAGE if picture.info.get("Comment") == WHOLE_PAGE else HIGHEST
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return min(WIDEST, highest * across / down, max(across / DENSITY, 4))


def _literal(html: str) -> Iterator[Node]:
    """HTML as the text that it is; a line break alone is obeyed."""
    if re.fullmatch(r"<br\s*/?>", html.strip()):
        yield {"t": "LineBreak"}
        return
    for place, line in enumerate(html.strip().splitlines()):
        if place:
            yield {"t": "LineBreak"}
        yield {"t": "Str", "c": line}


def _marks(node: Node) -> Iterator[Node]:
    """Marks of sources in a style of their own."""
    for part in _MARK.split(node["c"]):
        if _MARK.fullmatch(part):
            yield {"t": "Span", "c": [["", [], [["custom-style", "Source"]]], [{"t": "Str", "c": part}]]}
        elif part:
            yield {"t": "Str", "c": part}


def _with_figures(blocks: list[Node]) -> list[Node]:
    """A picture and the line in italics below it become one figure with its caption."""
    made: list[Node] = []
    for block in blocks:
        caption = _emphasis(block)
        if caption is not None and made and _picture(made[-1]) and _FIGURE.match(_words(caption)):
            image = made.pop()["c"][0]
            body = [{"t": "Plain", "c": [image]}]
            made.append({"t": "Figure", "c": [_NOTHING, [None, [{"t": "Plain", "c": caption}]], body]})
        else:
            made.append(block)
    return made


def _with_leads(blocks: list[Node]) -> list[Node]:
    """A line that ends in a colon, or that is bold, stays on the page of what it announces."""
    return [
        _lead(block) if _announces(block) and after else block
        for block, after in zip(blocks, [*blocks[1:], None], strict=True)
    ]


def _announces(block: Node) -> bool:
    if block["t"] != "Para":
        return False
    bold = len(block["c"]) == 1 and block["c"][0]["t"] == "Strong"
    return bold or words_of(block["c"]).rstrip().endswith(":")


def _lead(block: Node) -> Node:
    return {"t": "Div", "c": [["", [], [["custom-style", "Lead"], ["typst:sticky", "true"]]], [block]]}


def _to_the_left(table: Node) -> Node:
    """Columns that say nothing of their side stand to the left in every format."""
    specs = [[{"t": "AlignLeft"} if side["t"] == "AlignDefault" else side, width] for side, width in table["c"][2]]
    return {"t": "Table", "c": [*table["c"][:2], specs, *table["c"][3:]]}


def _picture(block: Node) -> bool:
    return block["t"] == "Para" and len(block["c"]) == 1 and block["c"][0]["t"] == "Image"


def _emphasis(block: Node) -> list[Node] | None:
    alone = block["t"] == "Para" and len(block["c"]) == 1 and block["c"][0]["t"] == "Emph"
    return block["c"][0]["c"] if alone else None


def _raised(block: Node) -> Node:
    """The title has left the text: its sections are of the first level now."""
    if block["t"] != "Header":
        return block
    return {"t": "Header", "c": [max(1, block["c"][0] - 1), _NOTHING, block["c"][2]]}


def _rows(table: Node) -> Iterator[tuple[list[Node], list[Node]]]:
    """Label and value of each row of a table of two columns, its head included."""
    _, _, _, head, bodies, _ = table["c"]
    for row in [*head[1], *(row for body in bodies for row in body[3])]:
        label, value = ([inline for block in cell[4] for inline in block["c"]] for cell in row[1])
        if label or value:
            yield label, value


def _words(inlines: list[Node]) -> str:
    return "".join(words_of(inline) for inline in inlines)


def words_of(node: Any) -> str:
    """The text of a piece of the tree."""
    if isinstance(node, list):
        return "".join(map(words_of, node))
    if not isinstance(node, dict):
        return ""
    if node["t"] in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if node["t"] == "Str":
        return str(node["c"])
    return str(node["c"][1]) if node["t"] == "Code" else words_of(node.get("c"))
