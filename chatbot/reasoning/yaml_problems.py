"""What PyYAML says of a file that it cannot read, in the user's words."""

import re

from chatbot.language import tr


def told_problem(problem: str) -> str:
    """The parser's short sentence, told plainly with a cure; in its own words where they are rare ones."""
    for pattern, told in _known().items():
        if match := re.search(pattern, problem):
            return tr("YAML illisible : ", "cannot be read as YAML: ") + told.format(*match.groups())
    return tr(f"YAML illisible ({problem})", f"cannot be read as YAML ({problem})")


def _known() -> dict[str, str]:
    return {
        r"mapping values are not allowed": tr(
            "« : » au milieu d'un texte, ou retrait inattendu ; un texte qui contient « : » se met entre guillemets",
            "`: ` within a text, or an unexpected indent; a text that holds `: ` goes in quotes"),
        r"expected ',' or '[\]}]', but got '\?'": tr(
            "« ? » entre crochets ou accolades ; un texte qui en contient se met entre guillemets",
            "`?` within brackets or braces; a text that holds one goes in quotes"),
        r"expected ',' or '([\]}])'": tr(
            "il manque une virgule, ou « {0} » à la fin",
            "a comma is missing, or `{0}` at the end"),
        r"could not find expected ':'": tr(
            "il manque « : » après une clé, ou une ligne de texte n'est pas en retrait",
            "`:` is missing after a key, or a line of text is not indented"),
        r"expected <block end>": tr(
            "le retrait de cette ligne ne va pas avec celui des lignes d'avant",
            "the indent of this line does not fit that of the lines before"),
        r"found character '\\t'": tr(
            "tabulation ; en YAML le retrait se fait avec des blancs", "a tab; YAML is indented with blanks"),
        r"found character '(.+)' that cannot start": tr(
            "un texte ne commence pas par « {0} » ; mettez-le entre guillemets",
            "a text does not begin with `{0}`; put it in quotes"),
        r"found unexpected end of stream": tr(
            "un texte entre guillemets n'est pas fermé", "a text in quotes is not closed"),
        r"found unknown escape character '(.+)'": tr(
            "« \\{0} » entre guillemets doubles ; prenez des guillemets simples (')",
            "`\\{0}` in double quotes; take single ones (')"),
        r"found undefined alias|expected alphabetic or numeric character": tr(
            "un texte ne commence ni par « * » ni par « & » ; mettez-le entre guillemets",
            "a text begins neither with `*` nor with `&`; put it in quotes"),
        r"special characters are not allowed": tr(
            "caractère de contrôle ; effacez-le", "a control character; delete it"),
    }  # fmt: skip
