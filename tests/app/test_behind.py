"""What lies behind an answer: drawn from values, text never as markup."""

from app.page.behind import behind_html, level, tokens_html
from app.page.conversation import Turn
from chatbot.chat import Answer, Likely, Reply, Written
from chatbot.language import speaking
from chatbot.reasoning.thought import Entity, Finding, Source, Thought

NASTY = "<img src=x onerror=alert(1)>\x1b[31m"
HARMLESS = "&lt;img src=x onerror=alert(1)&gt;[31m"


def written(text, probability, *others):
    likeliest = (Likely(text=text, probability=probability), *(Likely(text=t, probability=p) for t, p in others))
    return Written(text=text, probability=probability, likeliest=likeliest)


def turn_of(answer, over=True):
    return Turn("Où est ma commande ?", Reply(iter(()), answer, lambda: None), over=over)


def test_nothing_yet_says_so_in_both_languages():
    assert "Posez une question" in behind_html(None)
    with speaking("en"):
        assert "Ask a question" in behind_html(None)


def test_tokens_are_shaded_by_their_probability_and_the_doubtful_ones_listed():
    tokens = [
        written("La", 0.97),
        written(" livraison", 0.6, (" commande", 0.3)),
        written("\n", 0.3),
        written(" x", 0.004),
    ]
    html = tokens_html(tokens)
    assert [level(token.probability) for token in tokens] == [0, 1, 2, 3]
    assert "<span class='p1' title='60\u00a0%'> livraison</span>" in html and "↵" in html
    assert "&lt;\u00a01\u00a0%" in html  # nobody is told that a token written had no chance
    rows = html.partition("<tbody>")[2]
    assert rows.count("<tr>") == 3 and "<q>commande</q> 30\u00a0%" in rows  # the sure one is not listed


def test_an_answer_of_sure_tokens_and_one_without_probabilities_say_so():
    assert "hésité nulle part" in tokens_html([written("Oui", 0.99)])
    assert "ne donne pas ses probabilités" in tokens_html([])
    assert "pas du modèle" in tokens_html([], asked=False)


def test_text_of_user_model_and_data_is_never_markup():
    thought = Thought(
        domain=NASTY, category_label=NASTY, themes=(NASTY,), conversation=(NASTY,), reason=NASTY, own=NASTY,
        entities=(Entity(kind="x", label=NASTY, text=NASTY, value=NASTY, start=0),),
        sources=(Source(text=NASTY, question=NASTY, origin=NASTY, shared=(NASTY,)),),
        findings=(Finding(check="x", passed=False, told=NASTY),),
    )  # fmt: skip
    answer = Answer(text=NASTY, thought=thought, finish="end", tokens=[written(NASTY, 0.1, (NASTY + "2", 0.2))])
    html = behind_html(turn_of(answer))
    assert "<img" not in html and "\x1b" not in html
    assert html.count(HARMLESS) >= 8


def test_sources_are_shown_with_their_origin_and_called_near_not_proof():
    source = Source(
        text="Deux à quatre jours." * 60, question="Quel délai ?", origin="boutique.csv, ligne 7", shared=("délai",)
    )
    html = behind_html(turn_of(Answer(thought=Thought(domain="Boutique", sources=(source,))), over=False))
    assert "boutique.csv, ligne 7" in html and "Mots communs\u00a0: délai" in html and "pas une preuve" in html
    assert "…" in html and len(html) < 4000
    assert "probabilités" not in html  # the answer is not over
