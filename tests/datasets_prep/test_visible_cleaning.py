"""What the cleaning does can be seen: masks, languages, boilerplate, duplicates, weights, leak; each counted."""

import json
import random
import tracemalloc
from collections import Counter

import pytest

from chatbot.errors import InputError
from chatbot.language import set_language
from datasets_prep.boilerplate import Boilerplate, SentenceCounts, sentences
from datasets_prep.languages import language_of
from datasets_prep.mixture import copies, written
from datasets_prep.personal import masked, masked_value
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet
from datasets_prep.spool import Kept
from tests.datasets_prep.test_prepare import FAQ, SUBJECTS, ids, rejected_rows


def report(data) -> str:
    return (data.folder / "report.md").read_text(encoding="utf-8").replace("\u00a0", " ").replace("\u202f", " ")


# --- personal data ---


@pytest.mark.parametrize(
    ("text", "hidden", "kinds"),
    [
        ("Écrivez à lea.durand@exemple.fr.", "Écrivez à [courriel].", {"email": 1}),
        ("Au 06 12 34 56 78 ou +33 1 44 55 66 77.", "Au [téléphone] ou [téléphone].", {"phone": 2}),
        ("Carte 4970 1000 0000 0014 refusée.", "Carte [carte bancaire] refusée.", {"card": 1}),
        ("Carte 4970-1012-3456-7894 refusée.", "Carte 4970-1012-3456-7894 refusée.", {}),
        ("Carte 4539 1488 0343 6467 refusée.", "Carte [carte bancaire] refusée.", {"card": 1}),
        ("Mon IBAN : FR76 3000 6000 0112 3456 7890 189.", "Mon IBAN : [IBAN].", {"iban": 1}),
        ("NIR 2 95 10 99 126 111 93 au dossier", "NIR [n° de sécurité sociale] au dossier", {"nir": 1}),
        ("NIR 295109912611194 au dossier", "NIR 295109912611194 au dossier", {}),
        ("SSN 536-90-4399", "SSN [n° de sécurité sociale]", {"ssn": 1}),
        ("Décret n° 2006-975 du 1er août 2006, 5 150 000 € HT", "Décret n° 2006-975 du 1er août 2006, 5 150 000 € HT", {}),
        ("Net 386 328.6, profit 33.6 26.9 18.7 5.1", "Net 386 328.6, profit 33.6 26.9 18.7 5.1", {}),
        ("tel. +358 10 33 21179, 06.12.34.56.78", "tel. [téléphone], [téléphone]", {"phone": 2}),
        ("Carte 4111111111111111", "Carte [carte bancaire]", {"card": 1}),
        ("Au 0612345678/0756789012", "Au [téléphone]/[téléphone]", {"phone": 2}),
        ("OR 95% CI = 0.7477-0.9580, p = 0.01", "OR 95% CI = 0.7477-0.9580, p = 0.01", {}),
        ("(grant 06 12 34 56 78)", "(grant 06 12 34 56 78)", {}),
        ("http://doi.org/10.1155/0612345678", "http://doi.org/10.1155/0612345678", {}),
        ("https://lea@exemple.fr/depot", "https://lea@exemple.fr/depot", {}),
        ("@lea tweete : rdv 14:00, 3,14159265358979", "@lea tweete : rdv 14:00, 3,14159265358979", {}),
    ],
)  # fmt: skip
def test_masks(text, hidden, kinds):
    assert masked(text, "fr") == (hidden, Counter(kinds))


def test_masks_speak_the_language_of_the_text():
    assert masked("Call (301) 496-5248 or write to nei@nih.gov", "en")[0] == "Call [phone] or write to [e-mail]"


def test_law_texts_hold_no_personal_data(shared_data):
    """Figures of laws, decrees and amounts look like telephone and card numbers, and are none."""
    text = (shared_data / "marches_publics_fr" / "code_marches_publics_2006.txt").read_text(encoding="utf-8")
    assert masked(text, "fr") == (text, Counter())


PERSONAL = FAQ + "Qui appeler ?,Léa au 06 12 34 56 78 ou lea@exemple.fr.\n"


def test_personal_data_is_masked_and_counted(write, prepared, tmp_path):
    data = prepared(write("faq.csv", PERSONAL), shares=(1, 0, 0))
    assert [d.answer for d in data.split("train")][-1] == "Léa au [téléphone] ou [courriel]."
    assert data.manifest["cleaning"]["masked"] == {"email": 1, "iban": 0, "card": 0, "nir": 0, "ssn": 0, "phone": 1}
    assert "Masquées : adresses électroniques (1), numéros de téléphone (1)." in report(data)
    for name in ("cleaning.json", "report.md", "manifest.json", "rejected.jsonl"):
        assert "06 12" not in (data.folder / name).read_text(encoding="utf-8"), name
    kept = prepared(write("faq.csv", PERSONAL), out=tmp_path / "kept", shares=(1, 0, 0), keep_personal=True)
    assert [d.answer for d in kept.split("train")][-1] == "Léa au 06 12 34 56 78 ou lea@exemple.fr."
    assert "--keep-personal" in report(kept)


def test_rejected_rows_hold_no_personal_data_that_was_masked(write, prepared):
    data = prepared(write("faq.csv", PERSONAL + "Qui appeler ?,Léa au 06 12 34 56 78 ou lea@exemple.fr.\n"))
    assert [row["answer"] for row in rejected_rows(data)] == ["Léa au [téléphone] ou [courriel]."]
    broken = prepared(
        write("bad.csv", FAQ + "a,b,Léa au 06 12 34 56 78,lea@exemple.fr\n"), out=data.folder.with_name("2")
    )
    assert "06 12" not in (broken.folder / "rejected.jsonl").read_text(encoding="utf-8")


SHORT = "question;answer\n" + "".join(f"Numéro {s} ?;06 12 34 56 {n}\n" for n, s in enumerate(SUBJECTS, start=10))


def test_texts_too_short_to_tell_their_language_are_masked_too(write, prepared):
    data = prepared(write("faq.csv", SHORT + "Numéro de trop;06 12 34 56 78;Lyon : 04 72 43 80 00\n"), shares=(1, 0, 0))
    assert data.manifest["cleaning"]["masked"]["phone"] == 12
    for path in data.folder.iterdir():
        assert "06 12" not in path.read_text(encoding="utf-8"), path.name
    assert rejected_rows(data)[-1]["text"] == "Numéro de trop;[téléphone];Lyon : [téléphone]\n"


def test_nothing_that_was_masked_stands_elsewhere_in_the_folder(write, prepared):
    """In a group, an id, what was repaired, what changed."""
    lines = [
        json.dumps({"id": f"{s}@exemple.fr", "group": f"{s}@exemple.fr", "question": f"Qui  est {s} ?", "answer": f"Ã©crire Ã  {s}@exemple.fr  vite"})
        for s in SUBJECTS
    ]  # fmt: skip
    data = prepared(write("faq.jsonl", "\n".join(lines)))
    assert data.manifest["cleaning"]["masked"]["email"] == 12 and data.manifest["cleaning"]["normalised"] == 12
    assert (data.folder / "repairs.jsonl").exists()
    for path in data.folder.iterdir():
        assert "@exemple" not in path.read_text(encoding="utf-8"), path.name


def test_masks_of_values():
    value = {"mail": ["lea@exemple.fr"], "sha256": "a4539148803436467b", "row": 3, "tel": "0612345678"}
    assert masked_value(value) == {
        "mail": ["[courriel]"],
        "sha256": "a4539148803436467b",
        "row": 3,
        "tel": "[téléphone]",
    }


def test_invented_numbers_of_the_embedded_set_stay(prepared):
    data = prepared("embedded:boutique")
    assert sum(data.manifest["cleaning"]["masked"].values()) == 0
    assert any("01 99 00 12 34" in d.answer for d in data.split("train"))


# --- languages ---


@pytest.mark.parametrize(
    ("text", "language"),
    [("Suivez-le dans « Mon compte ».", "fr"), ("You can follow it in your account.", "en"), ("42", ""), ("", ""), ("!?", "")],
)  # fmt: skip
def test_language_of(text, language):
    assert language_of(text) == language


ENGLISH = "".join(
    f"Where is the {s} page?,You will find it on the page of the {s} of our web site.\n" for s in SUBJECTS
)


def test_languages_are_counted_and_one_can_be_kept(write, prepared, tmp_path):
    french = FAQ.replace("Voyez la page", "Vous le trouverez sur la page de notre site qui parle de")
    both = prepared(write("faq.csv", french + ENGLISH))
    assert both.manifest["languages"] == {"fr": 12, "en": 12}
    assert {d.meta["language"] for split in both.splits for d in both.split(split)} == {"fr", "en"}
    assert "fr 12, en 12" in report(both)
    one = prepared(write("faq.csv", french + ENGLISH), out=tmp_path / "one", only_language="fr")
    assert one.manifest["languages"] == {"fr": 12}
    assert one.manifest["counts"]["by_reason"] == {"other_language": 12}
    assert {row["detail"] for row in rejected_rows(one)} == {"en"}


def test_an_unknown_language_is_refused(write, prepared):
    with pytest.raises(InputError, match=r"--only-language klingon.*Connues.*: ar, de, en, es, fr"):
        prepared(write("faq.csv", FAQ), only_language="klingon")


# --- boilerplate ---

BOILERPLATE = "Pour toute autre question, notre service client vous répond du lundi au samedi."


def test_sentences():
    assert sentences("Un. Deux !\u00a0Trois ?\n\n- quatre… Cinq") == ["Un.", "Deux !", "Trois ?", "- quatre…", "Cinq"]


def test_a_sentence_under_many_groups_is_boilerplate_unless_it_is_the_whole_answer():
    counts = SentenceCounts()
    for place in range(20):
        counts.add(place, f"Réponse propre à la question {place}. {BOILERPLATE}", f"group {place}")
        counts.add(100 + place, "Cette phrase revient vingt fois, toujours sous le même groupe.", "one group")
    keys, rows = counts.frequent()
    assert len(keys) == 1 and rows == list(range(20))
    found = Boilerplate(keys=keys)
    assert found.cut_from(f"Oui.\n{BOILERPLATE.upper()} Fin.\n\nAutre.") == "Oui.\nFin.\n\nAutre."
    assert found.cut_from(BOILERPLATE) == BOILERPLATE
    for answer in (f"Oui. {BOILERPLATE}", BOILERPLATE, "Non."):
        found.note(answer)
    assert found.answers == 1 and found.examples() == [(BOILERPLATE, 1)]


def with_boilerplate() -> str:
    themes = [f"{subject} {number}" for subject in SUBJECTS for number in ("bleu", "vert")]
    return "question;answer\n" + "".join(f"Où trouver {t} ?;Voyez la page {t}. {BOILERPLATE}\n" for t in themes)


@pytest.mark.parametrize("cut", [False, True])
def test_boilerplate_is_counted_and_cut_on_demand(write, prepared, cut):
    data = prepared(write("faq.csv", with_boilerplate()), cut_boilerplate=cut)
    assert data.manifest["cleaning"]["boilerplate"] == {"answers": 24, "sentences": 1, "cut": cut}
    answers = [d.answer for split in data.splits for d in data.split(split)]
    assert len(answers) == 24 and all((BOILERPLATE in answer) is not cut for answer in answers)
    assert f"24 × `{BOILERPLATE}`" in report(data)
    assert data.manifest["counts"]["shared_answers"] == {"validation": 0, "test": 0}


def test_an_answer_that_the_cut_leaves_too_short_is_rejected(write, prepared):
    data = prepared(write("faq.csv", with_boilerplate().replace("Voyez la page colis", "v")), cut_boilerplate=True, shortest_answer=20)  # fmt: skip
    assert data.manifest["counts"]["by_reason"]["short_answer"] > 0
    assert all(len(d.answer) >= 20 for split in data.splits for d in data.split(split))


def test_indents_outlive_the_cut():
    counts = SentenceCounts()
    for place in range(20):
        counts.add(place, BOILERPLATE, str(place))
    found = Boilerplate(keys=counts.frequent()[0])
    assert found.cut_from(f"Liste :\n    - un\n{BOILERPLATE}\n    - deux") == "Liste :\n    - un\n    - deux"


# --- duplicates ---


def test_duplicates_are_told_by_where_they_would_have_gone(write, prepared):
    rows = "".join(f"{s},Où trouver {s} ?,Voyez la page de {s}.\n" for s in SUBJECTS)
    again = "".join(f"{other},Où trouver {s} ?,Voyez la page de {s}.\n" for s, other in zip(SUBJECTS, [*SUBJECTS[1:], SUBJECTS[0]], strict=True))  # fmt: skip
    alone = "seul,Où trouver colis ?,Voyez la page de colis.\n"
    data = prepared(write("faq.csv", "theme,question,answer\n" + rows + again + alone))
    homes = {d.group: split for split in data.splits for d in data.split(split)}
    across = sum(homes[s] != homes[other] for s, other in zip(SUBJECTS, [*SUBJECTS[1:], SUBJECTS[0]], strict=True))
    assert across > 0
    assert data.manifest["duplicates"]["exact_duplicate"] == {"within": 12 - across, "across": across, "anywhere": 1}
    assert "| doublon exact | 13 |" in report(data)


# --- weights ---


def kept(count: int) -> list[Kept]:
    return [Kept(number=number, id=f"d{number}", group="g") for number in range(count)]


@pytest.mark.parametrize(("weight", "lines"), [(1, 10), (2, 20), (1.5, 15), (0.5, 5), (0.01, 1), (2.04, 20), (3, 30)])
def test_copies(weight, lines):
    times = copies(kept(10), weight, 0)
    assert set(times) == set(range(10)) and sum(times.values()) == lines
    assert max(times.values()) - min(times.values()) <= 1
    order = [copy for _, copy in written(kept(10), times)]
    assert len(order) == lines
    assert order == sorted(order)


def test_a_mixture_with_weights(write, prepared):
    other = FAQ.replace("Où trouver", "Combien coûte").replace("Voyez la page", "Le prix est sur la page")
    data = prepared(f"{write('un.csv', FAQ)}:2", f"{write('deux.csv', other)}:0.5")
    un, deux = data.manifest["sources"]
    assert (un["weight"], deux["weight"]) == (2, 0.5)
    train = list(data.split("train"))
    by_source = Counter(d.source for d in train)
    assert by_source == {"un": un["counts"]["by_split"]["train"], "deux": deux["counts"]["by_split"]["train"]}
    assert len({d.id for d in train}) == len(train)
    assert Counter(d.question for d in train if d.source == "un").most_common()[-1][1] == 2
    assert deux["counts"]["read"] == 12 == deux["counts"]["kept"] + deux["counts"]["by_reason"]["left_by_weight"]
    counts = data.manifest["counts"]
    assert counts["read"] == 24 == counts["kept"] + counts["rejected"]
    assert sum(counts["by_split"].values()) == counts["kept"] + counts["copies"]
    assert counts["copies"] == by_source["un"] / 2
    for split in ("validation", "test"):  # measured once, whatever the weights
        assert all("~" not in d.id for d in data.split(split))
    assert "| un | 2 | 12 | 12 | 0 |" in report(data) and "| deux | 0,50 | 12 |" in report(data)


def test_a_weight_after_a_part(prepared):
    data = prepared("embedded:boutique:2")
    (source,) = data.manifest["sources"]
    assert (source["part"], source["weight"]) == ("boutique", 2)
    assert data.manifest["counts"]["copies"] * 2 == data.manifest["counts"]["by_split"]["train"]


@pytest.mark.parametrize("weight", ["0", "0.0", "101", "1e9", "nan", "-1", "inf"])
def test_a_weight_out_of_bounds(prepared, weight):
    with pytest.raises(InputError, match=rf"embedded:{weight}.*le poids doit.*embedded:2"):
        prepared(f"embedded:{weight}")


def test_several_files_to_read_are_named(shared_data, prepared, write):
    other = write("mq.csv", "question,answer,source,focus_area\n" + "".join(f"What is {s}?,{s} is a disease of the {s}.,x,{s}\n" for s in SUBJECTS))  # fmt: skip
    data = prepared("medquad", "csv", from_file={"medquad": other, "csv": write("faq.csv", FAQ)})
    assert [source["name"] for source in data.manifest["sources"]] == ["medquad", "faq"]


# --- leak ---


def test_the_leak_of_both_splits(write, tmp_path):
    """Ten wordings of twenty questions: at random most test rows have their twin in train, by group none has."""
    chance = random.Random(0)
    fillers = ["svp", "merci", "vite", "bonjour", "aujourd'hui", "maintenant", "ici", "encore", "enfin", "donc"]
    rows = []
    for place in range(20):
        words = " ".join("".join(chance.choice("abcdefghij") for _ in range(8)) for _ in range(16))
        rows += [f"theme {place},{words} {filler},{filler} {' '.join(chance.sample(words.split(), 6))} {place}\n" for filler in fillers]  # fmt: skip
    path = write("faq.csv", "theme,question,answer\n" + "".join(rows))
    lines: list[str] = []
    config = PrepareConfig(sources=(str(path),), out=tmp_path / "out", show_leak=True, near_question=0.8)
    leak = PreparedSet.open(prepare(config, say=lines.append)).manifest["leak"]
    assert leak["by_group"] == {"test": 20, "question": 0, "answer": 0, "either": 0, "labels": 0}
    assert leak["at_random"]["test"] == 20 and leak["at_random"]["question"] >= 18
    said = "\n".join(lines).replace("\u00a0", " ")
    assert "par groupes (ce jeu) : 0,0 % des 20 lignes de test" in said and "tirage au sort (pour comparer) : " in said
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "| par groupes (ce jeu) | 20 | 0,0 % | 0,0 % | 0,0 % |" in text and "≈" in text


def test_an_empty_side_is_called_empty_in_the_report(prepared, write):
    rows = "".join(f"Où est le colis {n} ?,Au casier {n}.\n" for n in range(9))
    data = prepared(write("faq.csv", f"question,answer\n{rows}Et le mien ?,\n"))
    text = (data.folder / "report.md").read_text(encoding="utf-8")
    assert "`Et le mien ?` → (vide)" in text and "∅" not in text


LABELS = ("Positif : la nouvelle est bonne.", "Négatif : la nouvelle est mauvaise.", "Neutre : elle ne change rien.")


def labelled(count: int) -> str:
    """Sentences of invented words, each under one of three labels."""
    chance = random.Random(2)
    words = ["".join(chance.choices("abcdefghij", k=6)) for _ in range(400)]
    rows = (f"{' '.join(chance.sample(words, 8))},{LABELS[place % 3]}\n" for place in range(count))
    return "question,answer\n" + "".join(rows)


def test_the_questions_of_a_label_are_not_kept_together(write, prepared):
    data = prepared(write("labels.csv", labelled(150)), show_leak=True)
    for split in data.splits:
        assert {d.answer for d in data.split(split)} == set(LABELS), split
    assert data.manifest["counts"]["merged_groups"] == 0
    leak = data.manifest["leak"]["by_group"]
    assert leak == {"test": 15, "question": 0, "answer": 0, "either": 0, "labels": 15}
    assert "étiquettes (15 lignes de test) ne sont pas comparées" in report(data)


def test_thirty_answers_of_one_kind_are_still_one_question(write, prepared):
    """Up to thirty wordings of one question stay together; from thirty-one on, the answer is a label."""
    for count, joined in ((30, 29), (31, 0)):
        rows = (
            "".join(f"mot{n} autre{n} chose{n},Voyez la page du compte.\n" for n in range(count))
            + FAQ.partition("\n")[2]
        )
        data = prepared(write(f"f{count}.csv", "question,answer\n" + rows), out=write("x", "").parent / f"o{count}")
        assert data.manifest["counts"]["merged_groups"] == joined


def test_our_own_phrasings_hide_no_near_texts(write, prepared, tmp_path):
    """Two tweets that differ by a word, under two phrasings of ours, are near duplicates; texts are what leaks."""
    words = [f"{a}{b}" for a in ("la", "co", "vi", "du", "re") for b in ("mer", "ton", "sel", "par", "nu", "fil")]
    chance = random.Random(3)
    tweets = [" ".join(chance.sample(words, 20)) for _ in range(20)]
    rows = [f"1,2,Paris,02-03-2020,{t} {end},Neutral\n" for end in ("now", "today") for t in tweets]
    head = "UserName,ScreenName,Location,TweetAt,OriginalTweet,Sentiment\n"
    path = write("Corona_NLP_test.csv", head + "".join(rows))
    data = prepared("corona_tweets:test", from_file=path, near_question=0.8)
    assert data.manifest["counts"]["by_reason"] == {"near_duplicate": 20}


def test_no_leak_is_looked_for_unless_asked(write, prepared):
    data = prepared(write("faq.csv", FAQ))
    assert "leak" not in data.manifest and "Fuite" not in report(data)


# --- the report, and memory ---


def test_the_report_in_english(write, prepared):
    set_language("en")
    text = report(prepared(write("faq.csv", PERSONAL + "x,y\n"), show_leak=True))
    for title in ("# What the preparation did", "## Rejected rows", "## Personal data", "## Languages", "## Splits", "## Leak"):  # fmt: skip
        assert title in text
    assert not any(word in text for word in ("Lignes", "Masquées", "Découpage", " : "))


def test_the_report_takes_no_order_from_the_data(write, prepared):
    evil = FAQ + 'x,<script>alert(1)</script>\n"`a` | [lien](http://x)\n# titre",-\n'
    text = report(prepared(write("faq.csv", evil)))
    assert "`<script>alert(1)</script>`" in text  # code: shown, not run
    assert "ʹaʹ" in text and "\n# titre" not in text


def test_memory_does_not_grow_with_the_texts(write, tmp_path):
    """5 MB of answers pass through; what is remembered of a row does not depend on its length."""
    chance = random.Random(1)
    words = ["".join(chance.choice("abcdefghijklm") for _ in range(7)) for _ in range(500)]
    rows = (f"{chance.random()} {' '.join(chance.sample(words, 5))},{' '.join(chance.choices(words, k=2500))}\n" for _ in range(250))  # fmt: skip
    path = write("faq.csv", "question,answer\n" + "".join(rows))
    assert path.stat().st_size > 4.5e6
    tracemalloc.start()
    try:
        prepare(PrepareConfig(sources=(str(path),), out=tmp_path / "out"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4e6


def test_ids_do_not_depend_on_the_machine(write, prepared, tmp_path):
    one = prepared(write("faq.csv", FAQ), out=tmp_path / "1")
    assert ids(one) == ids(prepared(write("faq.csv", FAQ), out=tmp_path / "2"))
