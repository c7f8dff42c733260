"""README.md of a static Space: the header that the Hub reads, and what a visitor of its files should know."""

from app.page.trained import AboutExhibit
from chatbot.language import number, tr
from training.evaluation.markdown import inline


def static_card(*, title: str, repo: str, model: str, about: AboutExhibit, megabytes: float, ours: bool = False) -> str:
    """The card.

    Args:
        title: of the page.
        repo: of the Space.
        model: its repository where it is open to all, else "".
        about: the model.
        megabytes: that a visitor downloads.
        ours: whether it is the model that comes with us, as it stands.
    """
    import yaml

    header = {
        "title": title, "emoji": "💬", "colorFrom": "green", "colorTo": "yellow", "sdk": "static", "app_file": "index.html",
        "pinned": False, "license": licence(about, ours),
        "short_description": tr("Un petit modèle, calculé dans votre navigateur", "A small model, computed in your browser"),
        **({"models": [model]} if model else {}),
    }  # fmt: skip
    front = yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=1000)
    parts = [f"# {inline(title)}", _what(megabytes), *_sources(about), _how(repo)]
    return f"---\n{front}---\n\n" + "\n\n".join(parts) + "\n"


def licence(about: AboutExhibit, ours: bool) -> str:
    """Of the whole, page and weights: ours where base and data are known to have it too, else what the card tells."""
    known = {one.en for one in about.data_licences}
    return "apache-2.0" if ours or (about.card_of == "mini" and known == {"Apache-2.0"}) else "other"


def _what(megabytes: float) -> str:
    size = number(megabytes, 1)
    return tr(
        "Une page pour discuter avec un petit modèle de langue fait avec Causette. Le modèle calcule dans le navigateur du "
        f"visiteur\N{NO-BREAK SPACE}: {size}\N{NO-BREAK SPACE}Mo à télécharger une fois, et rien de ce qui est écrit ne le quitte.\n\n"
        "C'est le modèle seul, sans le raisonnement ni les onglets de la page complète (`causette serve`). Il se trompe "
        "souvent\N{NO-BREAK SPACE}: vérifiez ses réponses.",
        "A page to chat with a small language model made with Causette. The model computes in the visitor's browser: "
        f"{size} MB to download once, and nothing that is typed leaves it.\n\n"
        "It is the model alone, without the reasoning and the tabs of the whole page (`causette serve`). It is often wrong: "
        "check its answers.",
    )


def _sources(about: AboutExhibit) -> list[str]:
    base = inline(about.base)
    told = [tr(f"- Modèle de départ\N{NO-BREAK SPACE}: {base}", f"- Base model: {base}")] if about.base else []
    told += [
        tr(f"- Licence des données\N{NO-BREAK SPACE}: {inline(one.fr)}", f"- Licence of the data: {inline(one.en)}")
        for one in about.data_licences
    ]
    told += [
        tr(f"- À nommer pour les données\N{NO-BREAK SPACE}: {one}", f"- To be named for the data: {one}")
        for one in map(inline, about.attributions)
    ]
    told += [tr("- Page\N{NO-BREAK SPACE}: Causette, licence Apache 2.0\N{NO-BREAK SPACE}; calcul\N{NO-BREAK SPACE}: ONNX Runtime Web, licence MIT (`vendor/`)",
                "- Page: Causette, Apache 2.0 licence; computation: ONNX Runtime Web, MIT licence (`vendor/`)")]  # fmt: skip
    return ["\n".join(told)]


def _how(repo: str) -> str:
    return tr(
        f"Fait avec `causette push space … --static --repo {repo}`. Sur sa machine\N{NO-BREAK SPACE}: `python -m http.server` dans ce dossier.",
        f"Made with `causette push space … --static --repo {repo}`. On one's own machine: `python -m http.server` in this folder.",
    )
