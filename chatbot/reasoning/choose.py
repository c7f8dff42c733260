"""Which shipped domain fits a run, by the names of the sets that its data comes from."""

from collections.abc import Sequence

GENERAL = "general"
COURSE = ("cours", "droit_des_donnees", "evaluation", "fine_tuning", "gradio", "hub", "livrables", "modeles_de_langue",
          "tokenisation")  # fmt: skip
# Beginning of a set's name, or of its part after "embedded:" → domain.
FITTING = {
    "boutique": "boutique", **dict.fromkeys(COURSE, "cours"),
    "medquad": "sante", "cancer": "sante",
    "code_marches_publics": "marches_publics", "marches_publics": "marches_publics",
    "benin_code_marches_publics": "marches_publics", "boamp": "marches_publics",
}  # fmt: skip


def domain_for(sources: Sequence[str]) -> str:
    """The name of a shipped domain; the general one where they are of several subjects, or of none of these.

    Args:
        sources: names of sets or files, like "embedded:boutique_commande", "medquad" or "code_marches_publics_2006.pdf".
    """
    fitting = {_fitting(source) for source in sources}
    return fitting.pop() if len(fitting) == 1 else GENERAL


def _fitting(source: str) -> str:
    name = source.lower().replace("\\", "/").rsplit("/", 1)[-1].replace("-", "_").replace(" ", "_")
    name = name.removeprefix("embedded:")
    return next((domain for begins, domain in FITTING.items() if name.startswith(begins)), GENERAL)
