"""Domain files: what they may say, and how a fault in one is told."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from chatbot.errors import InputError
from chatbot.language import set_language
from chatbot.reasoning.choose import domain_for
from chatbot.reasoning.domain import Domain, Text
from chatbot.reasoning.domain_file import DOMAINS, SHIPPED, load_domain, read_domain
from chatbot.reasoning.patterns import WINDOW, found, refusal

ROOT = Path(__file__).resolve().parents[2]
SMALL = """\
title: Essai
categories:
  - name: suivi
    title: Suivi
    keywords: [colis]
    examples: ["Où est mon colis ?"]
entities:
  - {name: commande, title: Commande, type: pattern, pattern: 'ML-\\d{4}'}
answers:
  suivi: {text: "La commande {commande} est en route.", fallback: "Quel est son numéro ?"}
rules:
  - {name: suivi, when: {category: suivi}, approach: template, answer: suivi}
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_domains_are_read_and_say_everything_in_their_languages(name):
    domain = load_domain(name)
    assert {path.stem for path in DOMAINS.glob("*.yaml")} == set(SHIPPED)
    texts = [
        domain.title,
        domain.description,
        *(c.title for c in domain.categories),
        *(e.title for e in domain.entities),
    ]
    texts += [part for answer in domain.answers.values() for part in (answer.text, answer.fallback) if part]
    texts += [text for check in domain.checks for text in (check.name, check.text, check.without_sources) if text]
    texts += [rule.name for rule in domain.rules]
    assert all(text.fr and text.en for text in texts)
    assert "near source" not in (DOMAINS / f"{name}.yaml").read_text(encoding="utf-8")
    used = {rule.answer for rule in domain.rules if rule.answer}
    assert used == set(domain.answers)  # a text that no rule says is never read
    if name != "general":
        assert len(domain.categories) >= 8
        assert all(len(category.examples) >= 5 and category.keywords for category in domain.categories)
    assert not domain.rules[-1].when.model_fields_set  # the last rule is for all that is left


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (("title: Essai", "title: Essai\ncolour: bleu"), 2, "clé inconnue « colour ». Clés possibles : title, description"),
        (("keywords: [colis]", "mots: [colis]"), 5, "clé inconnue « mots ». Clés possibles : name, title, keywords"),
        (("keywords: [colis]", "keywords: [3114]"), 5, "« 0 » : il faut un texte (entre guillemets"),
        (("keywords: [colis]", "keywords: 12"), 5, "« keywords » : il faut une liste"),
        (('examples: ["Où est mon colis ?"]', "examples: []"), 6, "« examples » : il faut une liste qui ne soit pas vide"),
        (("    title: Suivi\n", ""), 3, "il manque « title »"),
        (("name: suivi\n", "name: Suivi !\n"), 3, "« name » : il faut un nom : minuscules"),
        (("category: suivi", "category: retours"), 12, "« retours » inconnu. Au choix : suivi"),
        (("category: suivi", "present: facture"), 12, "« facture » inconnu. Au choix : commande"),
        (("category: suivi", "state: fâché"), 12, "il faut 'first', 'follow_up'"),
        (("category: suivi", "min_score: 3"), 12, "un nombre ≤ 1"),
        (("answer: suivi", "answer: absent"), 12, "texte inconnu « absent ». Au choix : suivi"),
        (("approach: template, answer: suivi", "approach: model, answer: suivi"), 12, "le modèle répond"),
        (("approach: template", "approach: magie"), 12, "il faut 'template', 'model'"),
        (("{commande}", "{comande}"), 10, "« {comande} » n'est pas une entité de ce domaine"),
        ((', fallback: "Quel est son numéro ?"', ""), 10, "il faut un « fallback »"),
        (("Quel est son numéro ?", "{commande} ?"), 10, "« fallback » ne peut pas contenir d'entité"),
        (("ML-\\d{4}", "ML-(\\d{4}"), 8, "motif illisible"),
        (("ML-\\d{4}", "(a+)+b"), 8, "motif trop lent"),
        (("ML-\\d{4}", "\\d*"), 8, "accepte un texte vide"),
        (("type: pattern, ", "type: date, "), 8, "« pattern » ne va pas avec le type date"),
        (("type: pattern, pattern: 'ML-\\d{4}'", "type: list"), 8, "il manque « values » pour ce type"),
        (("title: Essai", "title: Essai\ntitle: Autre"), 2, "clé « title » en double"),
        (("title: Essai", "title: Essai : suite"), 1, "se met entre guillemets"),
        (("title: Essai", "title: [Essai"), 2, "YAML illisible : il manque une virgule, ou « ] » à la fin"),
        (("title: Essai", "\ttitle: Essai"), 1, "tabulation"),
        (("title: Essai", "title: @Essai"), 1, "ne commence pas par « @ »"),
        (("title: Essai", "title: *Essai"), 1, "ni par « * »"),
        (("title: Essai", "title: Essai\nsuite"), 3, "il manque « : » après une clé"),
        (("title: Essai", 'title: "\\d"'), 1, "« \\d » entre guillemets doubles"),
        (("title: Essai", "title: Essai\n  x: y"), 2, "retrait inattendu"),
        (("    title: Suivi", "   title: Suivi"), 4, "le retrait de cette ligne"),
        (("answers:\n  suivi: {text: \"La commande {commande} est en route.\", fallback: \"Quel est son numéro ?\"}\n", ""), 10, "pas de section « answers »"),
        ((", answer: suivi", ""), 12, "il manque « answer »"),
        (("rules:", "rules:\n  - {name: {fr: suivi, en: tracking}, approach: model}"), 13, "nom « suivi » en double"),
        (("title: Essai", "title: Essai\nchecks: [{check: empty, without_sources: x}]"), 2, "ne va pas sans « text »"),
        (("title: Essai", "title: Essai\nchecks: [{check: empty, then: append, text: a, without_sources: '{x}'}]"), 2, "ne peut pas contenir d'entité"),
        (("type: pattern, pattern: 'ML-\\d{4}'", "type: list, values: {a: {aussi: [b]}}"), 8, "Clés possibles : fr, en, also"),
        (("title: Essai", "title: {fr: Quoi ?, en: What}"), 1, "se met entre guillemets"),
        (("title: Essai", "title: Essai\nnotice: voir {commande}"), 2, "ce texte ne peut pas contenir d'entité"),
        (("title: Essai", "title: Essai\nchecks: [{check: empty, then: append}]"), 2, "« text » va avec append et replace"),
        (("title: Essai", "title: Essai\nchecks: [{check: phrases}]"), 2, "« phrases » va avec la vérification"),
        (("title: Essai", "title: Essai\nchecks: [{check: contradiction, entities: [x]}]"), 2, "« x » inconnu"),
    ],
)  # fmt: skip
def test_faults_are_told_with_their_line(change, line, told):
    assert change[0] in SMALL
    with pytest.raises(InputError) as error:
        read_domain(SMALL.replace(*change, 1), "essai.yaml")
    first = str(error.value).splitlines()[0].replace("\N{NO-BREAK SPACE}", " ")
    assert first.startswith(f"essai.yaml, ligne {line} : ") and told in first


def test_names_that_stand_twice_are_told():
    twice = SMALL.replace("entities:", "  - {name: suivi, title: Encore, examples: [Bis]}\nentities:")
    with pytest.raises(InputError, match=r"ligne 7.*suivi.*en double"):
        read_domain(twice, "essai.yaml")


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    broken = SMALL.replace("keywords", "mots").replace("name: commande", "nom: commande")
    with pytest.raises(InputError) as error:
        read_domain(broken, "essai.yaml")
    assert [int(re.search(r"ligne (\d+)", line)[1]) for line in str(error.value).splitlines()] == [5, 8, 8]
    many = SMALL + "".join(f"cle{n}: 1\n" for n in range(15))
    with pytest.raises(InputError, match="et 5 autres"):
        read_domain(many, "essai.yaml")


def test_faults_in_english():
    set_language("en")
    try:
        with pytest.raises(InputError, match=r"essai.yaml, line 12: unknown `x`. One of: suivi\."):
            read_domain(SMALL.replace("category: suivi", "category: x"), "essai.yaml")
    finally:
        set_language("fr")


def test_what_is_no_domain_file(tmp_path):
    with pytest.raises(InputError, match=r"domaine inconnu\. Domaines fournis.*boutique, sante"):
        load_domain("botique")
    with pytest.raises(InputError, match="introuvable"):
        load_domain(tmp_path / "rien.yaml")
    with pytest.raises(InputError, match="lecture impossible"):
        load_domain(tmp_path)
    for content, told in ((b"- a\n", "attendu"), (b"", "attendu"), (b"title: a\nx: \xe9", "ligne 2.*UTF-8")):
        (tmp_path / "d.yaml").write_bytes(content)
        with pytest.raises(InputError, match=told):
            load_domain(tmp_path / "d.yaml")
    (tmp_path / "d.yaml").write_text(SMALL, encoding="utf-8")
    assert load_domain(str(tmp_path / "d.yaml")).title.said("en") == "Essai"


def test_an_alias_that_holds_itself_is_no_endless_loop():
    with pytest.raises(InputError):
        read_domain("title: &a [*a]\n", "essai.yaml")


def test_a_text_may_have_two_languages_and_french_keeps_its_blanks():
    text = Text.model_validate({"fr": "Vraiment ? « Oui »", "en": "Really?"})
    assert text.said("fr") == "Vraiment\u00a0? «\u00a0Oui\u00a0»"
    assert text.said("en") == "Really?"
    assert Text.model_validate("Oui !").said("en") == "Oui\u00a0!"
    assert Text.model_validate({"en": "Yes"}).said("fr") == "Yes"


@pytest.mark.parametrize(
    "pattern", [r"(a+)+b", r"(a|a)*b", r"\d+\d+\d+x", r"(\w{1,10} ){1,10}", r"(.*a){12}", r"x*", "(", "a" * 501]
)
def test_patterns_that_could_take_for_ever_are_refused(pattern):
    assert refusal(pattern)


@pytest.mark.parametrize(
    "pattern", [r"ML[- ]?\d{2,4}", r"\w+@exemple", r"(?:livrable|étape) ([1-9])", r"(?<!\w)n° ?\d{1,12}"]
)
def test_good_patterns_are_taken(pattern):
    assert not refusal(pattern)


def test_a_pattern_is_searched_in_bounded_time_in_windows():
    began = time.perf_counter()
    assert not list(found(r"(?:a|aa){1,10}b", "a" * 20_000))
    assert time.perf_counter() - began < 20
    text = "mot " * (WINDOW // 4) + "ML-1234 " + "é" * 10
    assert [match.span() for match in found(r"ml-\d{4}", text)] == [(WINDOW, WINDOW + 7)]
    assert [match[0] for match in found("étape \\d", "ETAPE 3")] == ["etape 3"]


def test_reading_a_domain_loads_nothing_heavy():
    code = (
        "import sys; from chatbot.reasoning.domain_file import load_domain; load_domain('sante')\n"
        "import chatbot.reasoning.reasoned, chatbot.terminal\n"
        "heavy = {'sklearn', 'tensorflow', 'keras', 'gradio', 'pandas', 'bm25s', 'py3langid'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("sources", "domain"),
    [
        (["embedded:boutique_commande"], "boutique"), (["embedded:boutique"], "boutique"), (["embedded:cours"], "cours"),
        (["embedded:gradio", "embedded:hub"], "cours"), (["embedded"], "general"), (["medquad"], "sante"),
        (["medquad", "embedded:boutique"], "general"), (["corpus/code_marches_publics_2006.pdf"], "marches_publics"),
        (["faq.csv"], "general"), ([], "general"), (["boamp-avis-20-100260.pdf"], "marches_publics"),
    ],
)  # fmt: skip
def test_the_domain_that_fits_a_run(sources, domain):
    assert domain_for(sources) == domain and domain in SHIPPED


def test_the_example_of_the_guide_is_a_domain():
    guide = (ROOT / "docs" / "generation.md").read_text(encoding="utf-8")
    examples = [text for text in re.findall(r"```yaml\n(.*?)```", guide, re.S) if "approach" in text]
    assert examples
    for example in examples:
        assert isinstance(read_domain(example, "guide.yaml"), Domain) and yaml.safe_load(example)
