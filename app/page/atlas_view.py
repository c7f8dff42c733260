"""Words and lengths of a prepared set: histograms, word clouds, and the words that tell two corpora apart."""

from collections.abc import Iterable

from app.page.exhibit_figures import histogram, telling
from app.page.exhibit_parts import caution, fold, percent, plain, section, split_name
from app.page.exhibits import AtlasExhibit, TellingWords, WordCloud
from app.page.look import words
from chatbot.language import number, tr

CLASS_WORDS = 5  # of a class, named in its summary


def atlas_html(atlas: AtlasExhibit) -> list[str]:
    """The cards of an atlas."""
    return [_lengths(atlas), _clouds(atlas), *_telling(atlas)]


def _lengths(atlas: AtlasExhibit) -> str:
    limit = number(atlas.limit)
    if atlas.whole.over:
        lead = words(
            f"De toutes les parties du jeu (entraînement, validation, test), {number(atlas.whole.over)} dialogues "
            f"({percent(atlas.whole.share_over)}) sont plus longs que le contexte du modèle ({limit} jetons) : leur fin ne peut être "
            "ni apprise ni lue.",
            f"Of all parts of the set (training, validation, test), {number(atlas.whole.over)} dialogues "
            f"({percent(atlas.whole.share_over)}) are longer than the model's context ({limit} tokens): their ends can be neither "
            "learnt nor read.",
        )
    else:
        lead = words(f"Tous tiennent dans le contexte du modèle ({limit} jetons).",
                     f"All of them fit into the model's context ({limit} tokens).")  # fmt: skip
    if atlas.dialogues < atlas.of:
        lead += words(f" Compté sur {number(atlas.dialogues)} dialogues tirés au sort parmi {number(atlas.of)}.",
                      f" Counted on {number(atlas.dialogues)} dialogues drawn from {number(atlas.of)}.")  # fmt: skip
    whole = histogram(
        atlas.whole, atlas.limit, title=words("Longueur des dialogues", "Length of the dialogues"),
        across=words("jetons par dialogue", "tokens per dialogue"),
    )  # fmt: skip
    answers = histogram(
        atlas.answers, atlas.limit, title=words("Ce qui est appris de chacun", "What is learnt of each"),
        across=words("jetons appris par dialogue", "tokens learnt per dialogue"),
    )  # fmt: skip
    return section(words("Longueurs", "Lengths"), f'<div class="pair">{whole}{answers}</div>', lead=lead)


def _clouds(atlas: AtlasExhibit) -> str:
    lead = words(
        f"{number(atlas.words)} mots, dont {number(atlas.distinct)} différents. À gauche la taille dit combien de fois un mot "
        "paraît ; à droite combien il est propre à quelques dialogues (TF-IDF).",
        f"{number(atlas.words)} words, {number(atlas.distinct)} of them distinct. On the left size tells how often a word "
        "occurs; on the right how much it belongs to few dialogues (TF-IDF).",
    )
    whole, *parts = atlas.clouds
    font = (
        f'<style>@font-face {{ font-family: CausetteCloud; src: url("data:font/woff;base64,{atlas.font}"); }}</style>'
    )
    body = (font if atlas.font else "") + _pair(whole)
    for kind, title in (("split", words("Par partie", "By split")), ("class", words("Par classe", "By class"))):
        body += _folds(title, (part for part in parts if part.kind == kind))
    return section(words("Nuages de mots", "Word clouds"), body, lead=lead)


def _folds(title: str, parts: Iterable[WordCloud]) -> str:
    shown = ""
    for part in parts:
        count = words(f"{number(part.dialogues)} dialogues", f"{number(part.dialogues)} dialogues")
        few = caution(words("Peu de dialogues : ce nuage ne dit rien de plus général.",
                            "Few dialogues: this cloud says nothing more general.")) if part.few else ""  # fmt: skip
        name = split_name(part.name) if part.kind == "split" else plain(part.name)
        shown += fold(f"{name} <small>{count}</small>", few + _pair(part))
    return f"<h3>{title}</h3>{shown}" if shown else ""


def _pair(part: WordCloud) -> str:
    """Both clouds of a part; each is named by its first words for those who do not see it."""
    name = part.name or words("tout le jeu", "the whole set")
    kinds = (
        ("common", words("Les plus fréquents", "The most frequent"), part.commonest, part.first_common),
        ("typical", words("Les plus caractéristiques", "The most typical"), part.typical, part.first_typical),
    )
    return '<div class="pair">{}</div>'.format(
        "".join(
            f'<figure class="{kind}"><figcaption><b>{title}</b></figcaption>{_named(svg, f"{title}, {name}", first)}</figure>'
            for kind, title, svg, first in kinds
        )
    )


def _named(svg: str, title: str, first: tuple[str, ...]) -> str:
    if not svg:
        return f"<p>{words('Aucun mot à dessiner.', 'No word to draw.')}</p>"
    alt = words(f"Nuage de mots, {title} : {', '.join(first)}", f"Word cloud, {title}: {', '.join(first)}")
    return svg.replace('aria-label=""', f'aria-label="{plain(alt)}"', 1)


def _telling(atlas: AtlasExhibit) -> list[str]:
    body = "".join(_versus(one) for one in atlas.telling if one.kind != "class")
    classes = [one for one in atlas.telling if one.kind == "class"]
    folds = "".join(_class(one) for one in classes)
    if folds:
        body += f"<h3>{words('Chaque classe contre toutes les autres', 'Each class against all others')}</h3>{folds}"
    lead = words(
        "Ce qui distingue deux corpus, et avec quelle sûreté : rapport des cotes avec un a priori (Monroe et al. 2008), z au-delà "
        "du seuil qui tient compte du nombre de mots. Après chaque mot, ses apparitions de ce côté et de l'autre, puis z.",
        "What tells two corpora apart, and how surely: log-odds with a prior (Monroe et al. 2008), z beyond a threshold that "
        "counts the number of words. After each word, its occurrences on this side and on the other, then z.",
    )
    return [section(words("Mots distinctifs", "Telling words"), body, lead=lead)] if body else []


def _versus(one: TellingWords) -> str:
    names = {"questions": tr("questions", "questions"), "answers": tr("réponses", "answers")}
    left, right = (names.get(name) or split_name(name) for name in one.names)
    heaviest = max((word.z for word in (*one.first, *one.second)), default=1.0)
    few = (
        caution(words("Peu de mots d'un côté : à lire avec prudence.", "Few words on one side: read with care."))
        if one.few
        else ""
    )
    sides = telling(one.first, name=left, side="first", heaviest=heaviest) + telling(
        one.second, name=right, side="second", heaviest=heaviest
    )
    title = words(f"{left} et {right}", f"{left} and {right}")
    return f'<h3>{title[0].upper()}{title[1:]}</h3>{few}<div class="sides">{sides}</div>'


def _class(one: TellingWords) -> str:
    name, heaviest = plain(one.names[0]), max((word.z for word in one.first), default=1.0)
    first = ", ".join(plain(word.word) for word in one.first[:CLASS_WORDS])
    shown = telling(
        one.first, name=words("mots propres à cette classe", "words of this class"), side="second", heaviest=heaviest
    )
    return fold(f"{name} <small>{first}</small>", shown)
