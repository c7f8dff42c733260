"""The report: what it says is what the intervals carry; what models wrote does no harm; figures and JSON are whole."""

import json
import re
import warnings
from dataclasses import replace

from chatbot.language import set_language
from chatbot.model import load_model, save_preset
from tests.conftest import build_tiny
from tests.training.evaluation.made_by_hand import compared_on, dialogue, settings
from training.evaluation.asked import Asked, Training
from training.evaluation.baselines import evaluate_baseline
from training.evaluation.compare import compare
from training.evaluation.comparison_file import Compared, read_compared
from training.evaluation.confidence import Difference, Estimate
from training.evaluation.contamination import contamination
from training.evaluation.evaluate import Evaluator
from training.evaluation.markdown import chance_told, code, gap_told, inline, share_told, signed
from training.evaluation.records import ScoreRecord
from training.evaluation.report import report, write_comparison
from training.evaluation.report_facts import facts_of
from training.evaluation.report_plots import _bars, _categories, _length, colours_of, draw_figures, rounds_of
from training.evaluation.report_sections import answers_section, contamination_section
from training.evaluation.report_words import conclusion

COUNT = 30
DIALOGUES = [
    dialogue(n, f"Quel est le prix du colis {n} pour la ville {n} ?", f"Il faut payer {n} euros avant midi.")
    for n in range(COUNT)
]
RIGHT = [one.answer for one in DIALOGUES]
WRONG = ["Je ne sais vraiment pas du tout"] * COUNT
NONE = Training()


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def concluded(texts, training=NONE, split="test") -> list[str]:
    return [plain(one) for one in conclusion(facts_of(compared_on(DIALOGUES, texts, training, split), training))]


def compared_of(*comparisons) -> Compared:
    data = {"folder": "data/boutique", "fingerprint": "ab" * 32}
    return Compared(
        comparisons=comparisons, remarks=("Une <b>remarque</b>.",), data=data, date="2026-11-22T10:00:00+00:00"
    )


def test_the_conclusion_says_better_with_the_interval():
    first, *rest = concluded({"generic": WRONG, "special": RIGHT})
    assert first.startswith(
        "Sur 30 questions jamais vues, le modèle spécialisé (`special`), à côté du modèle générique (`generic`)"
    )
    assert (
        "est **meilleur** pour F1 des mots (1,000 contre 0,000, écart +1,000 [+1,000 ; +1,000]), BLEU, chrF et ROUGE-L."
        in first
    )
    assert "moins bon" not in first and "pas plus vrai" in rest[-1]


def test_the_conclusion_claims_nothing_without_a_difference():
    """One answer of thirty is better: the interval holds 0."""
    first, *_ = concluded({"generic": WRONG, "special": [RIGHT[0], *WRONG[1:]]})
    assert "**aucune différence**" in first and "meilleur" not in first


def test_the_conclusion_says_worse():
    first, *_ = concluded({"generic": RIGHT, "special": WRONG})
    assert "est **moins bon** pour F1 des mots (0,000 contre 1,000" in first and "meilleur" not in first


def test_looking_up_that_does_better_is_said_plainly():
    said = "Pour ces questions, chercher la réponse la plus proche dans les données d'entraînement fait mieux que le modèle."
    worse = concluded({"generic": WRONG, "special": WRONG, "bm25": RIGHT})
    assert said in worse[1] and "meilleur sur 0, moins bon sur 4, de 4 mesures" in worse[1]
    better = concluded({"generic": WRONG, "special": RIGHT, "bm25": WRONG})
    assert better[1].startswith("Le modèle fait mieux que chercher la réponse la plus proche")
    same = concluded({"generic": WRONG, "special": RIGHT, "bm25": RIGHT})
    assert same[1].startswith("Rien ne montre que le modèle fasse mieux que chercher")
    copied = concluded({"generic": WRONG, "special": RIGHT, "copied_question": WRONG})
    assert copied[1].startswith("Le modèle fait mieux que recopier la question")


def test_other_models_have_their_sentence():
    _, second, *_ = concluded({"generic": WRONG, "special": RIGHT, "runs/other": WRONG})
    assert "à côté du modèle `runs/other`, est **meilleur** pour" in second


def test_copies_are_told_and_learnt_questions_are_called_learnt():
    training = Training([dialogue(100 + n, f"Autre {n}", RIGHT[n]) for n in range(COUNT)])
    told = concluded({"generic": WRONG, "special": RIGHT[:15] + WRONG[15:]}, training, "train")
    assert "questions apprises mot pour mot" in told[0]
    assert any("au moins 15 de 30 réponses (50 % [" in one for one in told)
    never = concluded({"generic": RIGHT, "special": WRONG}, training)
    assert any("au moins 0 de 30 réponses (0 % [0 ; 11])" in one and "BM25" in one for one in never)


def test_copies_are_told_of_the_answers_that_count_alone():
    """39 of 40 answers have under four words: of them nothing is known, and no sentence says "none"."""
    training = Training([dialogue(100 + n, f"Autre {n}", "Un mot.") for n in range(40)])
    asked = [dialogue(n, f"Question {n}", "Deux mots.") for n in range(40)]
    comparison = compared_on(asked, {"generic": ["Deux mots."] * 40, "special": ["Un"] * 39 + [WRONG[0]]}, training)
    told = next(one for one in map(plain, conclusion(facts_of(comparison, training))) if one.startswith("Copies"))
    assert "au moins 0 de 1 réponse (" in told and "les 39 autres, plus courtes, ne comptent pas" in told
    assert "celles d'au moins quatre mots ou égales à une réponse apprise" in told


def scored(comparison, count: int, groups: int = 1000):
    """The same, `count` expected answers scored: the main model at 1 bit per byte, the others at 2."""

    def scores(bits):
        return tuple(
            ScoreRecord(id=str(n), group=str(n % groups), nats=7 * bits, tokens=5, octets=10) for n in range(count)
        )

    sides = [replace(one, scores=scores(1 if one.model == "special" else 2)) for one in comparison.evaluations]
    return replace(comparison, evaluations=tuple(sides))


def test_bits_per_byte_have_a_count_of_their_own():
    comparison = scored(compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT}), 200)
    facts = facts_of(comparison, NONE)
    first = plain(conclusion(facts)[0])
    assert first.startswith("Sur 30 questions jamais vues") and first.count("sur 200 questions") == 1
    assert re.search(r"bits par octet de réponse \([^)]*, sur 200 questions\)", first)
    assert "Bits par octet et perplexité : sur 200 questions" in plain(report(compared_of(comparison), [facts], {}))


def test_a_perplexity_that_is_not_compared_leaves_a_dash():
    comparison = scored(compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT}), COUNT)
    del comparison.differences["special", "generic"]["perplexity"]
    text = report(compared_of(comparison), [facts_of(comparison, NONE)], {})
    row = next(line for line in text.splitlines() if line.startswith("| Perplexité"))
    assert row.endswith("| — |") and "perplexités d'autres jetons" in text


def test_one_question_is_one_group_and_shows_nothing():
    facts = facts_of(compared_on(DIALOGUES[:1], {"generic": WRONG[:1], "special": RIGHT[:1]}), NONE)
    told = [plain(one) for one in conclusion(facts)]
    assert told[0].startswith("Sur 1 question jamais vue, ")
    text = plain(report(compared_of(facts.comparison), [facts], {}))
    assert "**Un seul groupe de questions : pas d'intervalle, rien n'est montré.**" in text
    assert "trop étroit" not in "".join(told) and "1 réponse côte à côte" in text
    assert not re.search(r"\b1 (questions|réponses)\b", text)


def test_better_and_no_difference_in_one_sentence():
    """Scored better everywhere, answers alike."""
    comparison = scored(compared_on(DIALOGUES, {"generic": WRONG, "special": WRONG}), COUNT)
    first = plain(conclusion(facts_of(comparison, NONE))[0])
    assert "est **meilleur** pour bits par octet" in first and " ; aucune différence n'est montrée pour F1" in first
    assert "n'a pas de différence" not in first


def test_where_all_is_near_training_that_is_said():
    training = Training([dialogue(100 + n, one.question, "Autre chose.") for n, one in enumerate(DIALOGUES)])
    comparison = compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT}, training)
    said = "Toutes ces questions ont une voisine dans l'entraînement : elles ne disent rien du reste."
    facts = facts_of(comparison, training)
    assert said in map(plain, conclusion(facts))
    assert said in map(plain, contamination_section(facts.contamination, comparison))


def test_without_texts_no_question_type_and_no_group_is_named(tmp_path):
    """The JSON keeps them; sources stay."""
    asked = [
        dialogue(
            n,
            f"what are the {('symptoms', 'causes')[n % 2]} of {group} ?",
            RIGHT[n],
            group=group,
            source=f"part{n % 2}",
        )
        for n in range(24)
        for group in [("glaucoma", "otherdisease")[n // 2 % 2]]
    ]
    comparison = compared_on(asked, {"generic": WRONG[:24], "special": RIGHT[:24]})
    facts = facts_of(comparison, NONE)
    assert {"focus", "question_type", "source"} <= facts.categories.keys()
    path = write_comparison(tmp_path, compared_of(comparison), NONE, texts=False)
    text = path.read_text(encoding="utf-8")
    assert not re.search("symptoms|causes|glaucoma|otherdisease", text) and "part1" in text
    assert "glaucoma" in write_comparison(tmp_path / "all", compared_of(comparison), NONE).read_text(encoding="utf-8")
    saved = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert {"focus", "question_type"} <= saved["comparisons"][0]["categories"].keys()
    names = [
        label.get_text()
        for axes in _categories(facts, facts.categories_shown(texts=False)).axes
        for label in axes.get_yticklabels()
    ]
    assert {name.split()[0] for name in names} == {"part0", "part1"}


def test_figures_of_an_earlier_comparison_go_and_no_others(tmp_path):
    texts = {"generic": WRONG, "special": RIGHT}
    write_comparison(tmp_path, compared_of(compared_on(DIALOGUES, texts, split="train"), compared_on(DIALOGUES, texts)))
    (tmp_path / "figures" / "bars-mine.png").write_bytes(b"")
    write_comparison(tmp_path, compared_of(compared_on(DIALOGUES, texts)))
    left = {path.name for path in (tmp_path / "figures").iterdir()}
    assert left == {"bars-test.png", "length-test.png", "failures-test.png", "bars-mine.png"}


def test_lengths_are_whole_numbers_on_their_axis():
    """Answers of four to seven words: no tick between two whole numbers, which would be written as one of them."""
    texts = {"generic": ["un deux trois quatre"] * COUNT, "special": RIGHT}
    axes = _length(facts_of(compared_on(DIALOGUES, texts), NONE)).axes[0]
    assert all(place == int(place) for place in axes.get_xticks())


def test_many_sides_keep_apart_and_their_values_are_not_written():
    texts = {"generic": WRONG, "special": RIGHT, **{f"runs/{n}": WRONG for n in range(14)}, "bm25": RIGHT}
    comparison = compared_on(DIALOGUES, texts)
    colours, rounds = colours_of(comparison), rounds_of(comparison)
    assert len({(colours[name], rounds[name]) for name in texts}) == len(texts)
    assert len({colours[f"runs/{n}"] for n in range(6)}) == 6 and not any(rounds[f"runs/{n}"] for n in range(6))
    assert {bar.get_hatch() for bar in _bars(facts_of(comparison, NONE)).axes[0].patches} == {"", "////", "...."}

    def written(count):
        some = compared_on(DIALOGUES, dict(list(texts.items())[:count]))
        return len(_bars(facts_of(some, NONE)).axes[0].texts)

    assert (written(5), written(6)) == (20, 0)


def test_few_questions_are_called_few():
    few = compared_on(DIALOGUES[:6], {"generic": WRONG[:6], "special": RIGHT[:6]})
    facts = facts_of(few, NONE)
    assert "petit échantillon" in plain(conclusion(facts)[-1])
    text = plain(report(compared_of(few), [facts], {}))
    assert "**Petit échantillon : 6 groupe(s)" in text and "- Partie « test » : petit échantillon" in text


def test_what_is_near_training_is_said_first_where_it_changes_the_verdict():
    """The special model is right where training holds the question, and nowhere else."""
    training = Training([dialogue(100 + n, DIALOGUES[n].question, "Autre chose.") for n in range(12)])
    facts = facts_of(compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT[:12] + WRONG[12:]}, training), training)
    assert len(facts.contamination.by_question) == 12
    assert any("Sans les 12 questions" in one and "n'est plus montrée" in one for one in map(plain, conclusion(facts)))


def test_best_worst_and_random_answers_once_each():
    """Three kinds of failure stand among the worst, two of each at most."""
    special = [*RIGHT[:6], *[""] * 10, *["a a a a a a"] * 5, *WRONG[21:]]
    facts = facts_of(compared_on(DIALOGUES, {"generic": WRONG, "special": special}), NONE)
    lines = answers_section(facts, (6, 6, 8))
    titles = [line for line in lines if line.startswith("**") and line.endswith(")")]
    questions = [re.match(r"\*\*\d+\. (.*)\*\* ", line)[1] for line in titles]
    assert len(set(questions)) == 20
    assert [
        sum(line.endswith(why) for line in titles)
        for why in ("(une des meilleures)", "(une des pires)", "(tirée au hasard)")
    ] == [6, 6, 8]
    assert set(questions[:6]) == {inline(one.question) for one in DIALOGUES[:6]}
    text = "\n".join(lines[: lines.index(titles[12])])
    assert [
        len(re.findall(rf"special \(F1 [0-9,]+, {kind}\)", text)) for kind in ("vide", "en boucle", "hors sujet")
    ] == [2, 2, 2]


def test_fewer_answers_than_wanted_are_all_shown_once():
    facts = facts_of(compared_on(DIALOGUES[:8], {"generic": WRONG[:8], "special": RIGHT[:8]}), NONE)
    lines = answers_section(facts, (6, 6, 8))
    assert sum(line.startswith("**") for line in lines) == 8


def test_texts_of_models_are_harmless_and_long_ones_are_cut():
    evil = "<img src=x onerror=alert(1)> ![x](http://evil) | a $x$ \x1b[31m\n\n# Titre " + "mot " * 300
    comparison = compared_on(DIALOGUES, {"generic": WRONG, "special": [evil] * COUNT})
    text = report(compared_of(comparison), [facts_of(comparison, NONE)], {})
    assert "<img" not in text and "![" not in text and "\x1b" not in text and "<b>" not in text
    assert r"\!\[x\](http://evil) \| a \$x\$" in text and "\n# Titre" not in text
    assert "…" in text and "mot " * 150 not in text
    assert code("a`b|c\nd") == "`a'b\\|c d`"


def test_numbers_as_the_report_says_them():
    assert [signed(value, 2) for value in (0.123, -0.126, 0.001, -0.001)] == ["+0,12", "−0,13", "0,00", "0,00"]
    assert plain(gap_told(Difference(0.1, -0.05, 0.25), 2)) == "+0,10 [−0,05 ; +0,25]"
    assert gap_told(Difference(0.1), 1) == "+0,1"
    assert plain(share_told(Estimate(0.25, 0.2, 0.304))) == "25 % [20 ; 30]"
    assert [chance_told(p) for p in (None, 0.0005, 0.04)] == ["—", "< 0,001", "0,040"]


def labelled(number: int, label: str):
    one = dialogue(number, f"Quel est le sentiment de la phrase {number} ?", f"{label} : voilà.")
    return replace(one, meta={"label": label})


def test_labels_have_their_matrix_and_lead_the_conclusion(tmp_path):
    training = Training([labelled(100 + n, ("Bon", "Mauvais")[n % 2]) for n in range(20)])
    asked = [labelled(n, ("Bon", "Mauvais")[n % 2]) for n in range(24)]
    special = [one.answer for one in asked[:20]] + ["Bon", "Bon", "rien", "rien"]
    comparison = compared_on(asked, {"generic": ["Bon"] * 24, "special": special}, training)
    path = write_comparison(tmp_path, compared_of(comparison), training)
    saved = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))["comparisons"][0]
    assert saved["confusion"] == {
        "labels": ["Bon", "Mauvais"],
        "sides": {"generic": [[12, 0, 0], [12, 0, 0]], "special": [[11, 0, 1], [1, 10, 1]]},
    }
    text = plain(path.read_text(encoding="utf-8"))
    assert "est **meilleur** pour étiquette juste (0,875 contre 0,500" in text
    assert "| Mauvais | 1 | 10 | 1 |" in text and "figures/confusion-test.png" in text


def test_names_from_data_do_no_harm_in_figures(tmp_path):
    """A formula that matplotlib cannot set, an emoji, letters of other scripts, control characters, one very long name."""
    names = ["$\\frac{", "😀 名前 \x07", "סוף", "x" * 300]
    asked = [replace(one, source=names[n % 4]) for n, one in enumerate(DIALOGUES[:24])]
    comparison = compared_on(asked, {"generic": WRONG[:24], "special": RIGHT[:24]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = draw_figures(tmp_path, facts_of(comparison, NONE))
    assert set(drawn) == {"bars", "length", "failures", "categories"}
    assert all((tmp_path / figure.file).stat().st_size > 5_000 for figure in drawn.values())


def test_learnt_questions_in_other_words_are_no_leak():
    training = Training([dialogue(100 + n, one.question, one.answer) for n, one in enumerate(DIALOGUES)])
    comparison = compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT}, training, "recall")
    text = plain("\n".join(contamination_section(contamination(comparison, training), comparison)))
    assert text.startswith("Ces questions sont, par construction,") and "n'est pas une fuite" in text
    assert "De 30 questions, 30 ont presque leur pareille" in text


def test_the_whole_report_of_real_models(tiny_model, tiny_tokenizer, tmp_path):
    """Two tiny models and the baselines, on two splits: files, links, JSON that is read again; no warning of a figure."""
    folder = tmp_path / "models" / "$x_1 😀 `名`"
    save_preset(build_tiny(tiny_tokenizer, seed=9), folder, {})
    training = Training(DIALOGUES[6:18])
    asked = {
        split: Asked(list(dialogues), settings(split), training)
        for split, dialogues in (("train", DIALOGUES[6:10]), ("test", DIALOGUES[:6]))
    }
    evaluators = [Evaluator(tiny_model), Evaluator(load_model(str(folder)))]
    comparisons = []
    for one in asked.values():
        sides = [evaluator.evaluate(one) for evaluator in evaluators]
        baselines = [evaluate_baseline("bm25", one), evaluate_baseline("copied_question", one)]
        comparisons.append(compare([*sides, *baselines], sides[1].model, sides[0].model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        path = write_comparison(tmp_path / "out", compared_of(*comparisons), training)
    text = path.read_text(encoding="utf-8")
    linked = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    assert {file for _, file in linked} == {
        f"figures/{kind}-{split}.png" for kind in ("bars", "length", "failures") for split in asked
    }
    for alternative, file in linked:
        png = (path.parent / file).read_bytes()
        width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
        assert png.startswith(b"\x89PNG") and width == 960 and 200 < height < 2000 and alternative
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## En bref", "## Ce qui a été comparé", "## Questions apprises, mot pour mot (le modèle répète-t-il\N{NO-BREAK SPACE}?)",
        "## Questions jamais vues (le modèle généralise-t-il\N{NO-BREAK SPACE}?)", "## Ce que ces nombres disent, et ce qu'ils ne disent pas",
    ]  # fmt: skip
    saved = json.loads((tmp_path / "out" / "comparison.json").read_text(encoding="utf-8"))
    learnt, unseen = saved["comparisons"]
    assert learnt["contamination"] is None and unseen["contamination"]["questions"] == 6
    assert all(sum(kind["count"] for kind in side.values()) == 6 for side in unseen["failures"].values())
    again = read_compared(tmp_path / "out").comparisons[1]
    assert again.measures == comparisons[1].measures


def test_the_report_in_english():
    comparison = compared_on(DIALOGUES, {"generic": WRONG, "special": RIGHT, "bm25": RIGHT, "copied_question": WRONG})
    set_language("en")
    try:
        facts = facts_of(comparison, NONE)
        text = report(compared_of(comparison), [facts], {})
    finally:
        set_language("fr")
    assert "# Specialised and generic model" in text
    assert "is **better** by word F1 (1.000 versus 0.000, difference +1.000 [+1.000; +1.000]), BLEU" in text
    ours = "\n".join(
        line
        for line in text.splitlines()
        if not re.match(r"\*\*\d|\| (Expected|generic|special|BM25|Copied)|- \*\*", line)
    )
    assert not re.search(r"\b(les|des|une|réponses?|apprise)\b|\N{NO-BREAK SPACE}", ours)
