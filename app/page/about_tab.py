"""The tab "À propos": what the model is, what it is made of, what it cannot do, what the page keeps, how to cite."""

from typing import Any

from app.page.exhibit_parts import exhibit, facts_list, fold, method_in_words, plain, said, section, table
from app.page.look import words
from app.page.trained import AboutExhibit, Block, Exhibits
from chatbot.language import number


class AboutTab:
    """Layout of the tab; it has no actions.

    Args:
        exhibits: of the model that the page was opened for.
        opinions: whether the page asks for opinions of answers.
        user_test: whether it holds a blind test.
    """

    def __init__(self, exhibits: Exhibits, *, opinions: bool = False, user_test: bool = False):
        self.about, self.opinions, self.user_test = exhibits.about, opinions, user_test
        self.compared = bool(exhibits.training and exhibits.training.comparison)

    def build(self, page: Any) -> None:
        """Adds the tab's component, inside `page`, the current `gr.Blocks`."""
        import gradio as gr

        gr.HTML(self.html(), elem_id="about-shown", padding=False)

    def html(self) -> str:
        """What the tab shows, in the current language."""
        return exhibit(
            _model(self.about), _limits(compared=self.compared), _kept(self.opinions, self.user_test), _versions(self.about), _cite(self.about),
            *_card(self.about),
        )  # fmt: skip


def _model(about: AboutExhibit) -> str:
    licences = ", ".join(dict.fromkeys(said(one) for one in about.data_licences))
    shape = words(f"{about.layers} couches, largeur {about.width}, {about.heads} têtes",
                  f"{about.layers} layers, width {about.width}, {about.heads} heads")  # fmt: skip
    facts = [
        (words("Modèle", "Model"), f"<code>{plain(about.name)}</code>"),
        (words("Modèle de départ", "Base model"), f"<code>{plain(about.base)}</code>" if about.base else ""),
        (words("Méthode", "Method"), method_in_words(about.method) if about.method else ""),
        (words("Données", "Data"), f"<code>{plain(about.data)}</code>" if about.data else ""),
        (words("Licence des données", "Licence of the data"), licences),
        (words("Architecture", "Architecture"), plain(about.architecture)),
        (words("Paramètres", "Parameters"), number(about.parameters) if about.parameters else ""),
        (words("Forme", "Shape"), shape if about.layers and about.width and about.heads else ""),
        (words("Contexte", "Context"), words(f"{number(about.context)} jetons", f"{number(about.context)} tokens") if about.context else ""),
        (words("Vocabulaire", "Vocabulary"), words(f"{number(about.vocabulary)} jetons", f"{number(about.vocabulary)} tokens") if about.vocabulary else ""),
        (words("Gabarit de dialogue", "Chat template"), f"<code>{plain(about.template)}</code>" if about.template else ""),
    ]  # fmt: skip
    what = words(
        "Un modèle de langue : il continue un texte, jeton après jeton, d'après ce qu'il a lu. Il ne cherche rien et ne vérifie rien.",
        "A language model: it continues a text, token by token, after what it has read. It looks nothing up and checks nothing.",
    )
    return section(words("Le modèle", "The model"), f"<p>{what}</p>" + facts_list(facts))


def _limits(*, compared: bool) -> str:
    """The measures are explained where they were taken."""
    told = [
        words("Il invente. Une réponse bien tournée peut être fausse, et il ne sait pas qu'il ne sait pas : vérifiez-la avant de "
              "vous en servir, surtout pour la santé, le droit ou l'argent.",
              "It makes things up. A well-turned answer may be wrong, and it does not know that it does not know: check it before "
              "you use it, above all for health, law or money."),
        words("Un petit modèle retient ce qu'il a lu souvent, et généralise peu : hors de ses données d'entraînement, attendez-vous "
              "à des répétitions et à des phrases vides.",
              "A small model keeps what it read often and generalises little: outside its training data, expect repetitions and "
              "empty sentences."),
        words("Il a les partis pris de ses textes, et ne sait rien de ce qui est arrivé depuis.",
              "It has the biases of its texts, and knows nothing of what has happened since."),
    ]  # fmt: skip
    if compared:
        told.append(
            words("F1, BLEU, chrF et ROUGE mesurent la ressemblance à une réponse attendue, non la vérité ; les durées sont celles "
                  "de la machine qui a mesuré.",
                  "F1, BLEU, chrF and ROUGE measure likeness to an expected answer, not truth; timings are those of the machine "
                  "that measured.")
        )  # fmt: skip
    return section(words("Ses limites", "Its limits"), _list(told))


def _kept(opinions: bool, user_test: bool) -> str:
    told = [
        words("Vos questions et les réponses ne sont écrites dans aucun fichier : elles restent dans la mémoire du serveur, le temps que "
              "la page est ouverte.",
              "Your questions and the answers are written to no file: they stay in the server's memory while the page is open."),
        words("La page ne demande rien à un autre site : polices, dessins et scripts viennent d'ici.",
              "The page asks nothing of another site: fonts, drawings and scripts come from here."),
    ]  # fmt: skip
    if opinions:
        told.append(
            words("Un avis sur une réponse n'est gardé que si vous l'enregistrez, avec la question, la conversation qui précède et la "
                  "réponse ; ni nom ni adresse. Vous pouvez retirer tous vos avis. Votre navigateur garde pour cela un nom tiré au hasard.",
                  "An opinion of an answer is kept only if you save it, with the question, the conversation before it and the answer; no "
                  "name, no address. You can withdraw all your opinions. Your browser keeps a random name for that.")
        )  # fmt: skip
    if user_test:
        told.append(
            words("Du test à l'aveugle sont gardés vos votes, si vous acceptez d'y participer ; vous pouvez les retirer.",
                  "Of the blind test your votes are kept, if you agree to take part; you can withdraw them.")
        )  # fmt: skip
    if not opinions and not user_test:
        told.append(words("Aucun avis n'est demandé sur cette page : elle ne garde rien.",
                          "No opinion is asked for on this page: it keeps nothing."))  # fmt: skip
    return section(words("Ce que la page garde", "What the page keeps"), _list(told))


def _versions(about: AboutExhibit) -> str:
    trained = dict(about.trained_with)
    names = list(dict.fromkeys([*dict(about.versions), *trained]))
    here = dict(about.versions)
    rows = [[plain(name), plain(here.get(name, "—")), plain(trained.get(name, "—"))] for name in names]
    head = [words("Logiciel", "Software"), words("ici", "here"), words("à l'entraînement", "when it was trained")]
    if not trained:
        head, rows = head[:2], [row[:2] for row in rows]
    return section(words("Versions", "Versions"), table(head, rows, name=words("Versions", "Versions")))


def _cite(about: AboutExhibit) -> str:
    version = dict(about.versions).get("causette", "")
    told = [words(f"Causette, version {version}, logiciel libre sous licence Apache 2.0.",
                  f"Causette, version {version}, free software under the Apache 2.0 licence.")]  # fmt: skip
    told += [words(f"Données : {plain(text)}", f"Data: {plain(text)}") for text in about.attributions]
    return section(words("Citer", "To cite"), _list(told))


def _card(about: AboutExhibit) -> list[str]:
    if not about.card:
        return []
    title = words(
        f"La fiche du modèle de départ, « {about.card_of} » (en anglais)",
        f"The card of the base model, “{about.card_of}”",
    )
    body = "".join(map(_block, about.card))
    return [section(words("Le modèle de départ", "The base model"), fold(plain(title), f'<div lang="en">{body}</div>'))]


def _block(block: Block) -> str:
    if block.kind == "table" and block.rows:
        head, *rows = ([plain(cell) for cell in row] for row in block.rows)
        return table(head, rows, name=block.rows[0][0], text=range(len(head)))
    if block.kind == "heading":
        return f"<h3>{plain(block.text)}</h3>"
    return (
        f'<ul class="plain"><li>{plain(block.text)}</li></ul>'
        if block.kind == "item"
        else f"<p>{plain(block.text)}</p>"
    )


def _list(sentences: list[str]) -> str:
    return f'<ul class="plain">{"".join(f"<li>{sentence}</li>" for sentence in sentences)}</ul>'
