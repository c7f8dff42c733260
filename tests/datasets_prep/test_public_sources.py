"""The four public sets that come without questions: what each yields, on small files and on the real ones."""

import gzip
import json
import zipfile
from collections import Counter
from itertools import islice

import pytest

from chatbot.errors import InputError
from datasets_prep.chosen import chosen_sources
from datasets_prep.clinic import default_out, repair
from datasets_prep.detokenise import detokenised
from datasets_prep.paper_files import paper_files
from datasets_prep.papers import Section, extract, passages, tidy, tidy_heading
from datasets_prep.phrasing import LONGEST_CONTEXT, beginning, question_of
from datasets_prep.rows import Rejected
from datasets_prep.sources import SOURCES, cancer, corona_tweets, financial_phrasebank
from datasets_prep.sources.corona_tweets import tidy_tweet
from datasets_prep.spec import Given


def read(name, **given):
    reading = SOURCES[name].read(Given(**given))
    rows = list(reading.rows)
    return [row for row in rows if not isinstance(row, Rejected)], [row for row in rows if isinstance(row, Rejected)], reading  # fmt: skip


def test_keys_are_unique_and_phrasings_are_used(shared_data):
    places = {
        "financial_phrasebank": "financial_phrasebank",
        "cancer": "cancer_text_substitute/cancer_kaggle_shape_600.csv",
        "corona_tweets": "corona_tweets",
        "scientific_papers": "scientific_papers/pubmed.jsonl",
    }
    for name, place in places.items():
        english, french = (first_rows(name, 500, shared_data / place, language) for language in ("en", "fr"))
        asked, others = ({row.question for row in rows} for rows in (english, french))
        assert len({row.key for row in english}) == len(english) == len(french)
        assert len(asked) >= 4 and len(others) >= 4 and not asked & others


def first_rows(name, count, path, language):
    rows = SOURCES[name].read(Given(path=path, requests=language)).rows
    return list(islice((row for row in rows if not isinstance(row, Rejected)), count))


# --- phrasing ---


def test_a_phrasing_depends_on_the_key_alone():
    phrasings = {"en": ("a", "b", "c"), "fr": ("d",)}
    drawn = [question_of(phrasings, "en", f"sentence {n}") for n in range(90)]
    assert drawn == [question_of(phrasings, "en", f"sentence {n}") for n in range(90)]
    assert min(Counter(drawn)[choice] for choice in "abc") > 15
    assert question_of(phrasings, "fr", "x") == "d"


@pytest.mark.parametrize(
    ("text", "longest", "begun"),
    [
        ("One. Two. Three.", 99, "One. Two. Three."),
        ("One. Two. Three.", 12, "One. Two."),
        ("As in fig. 2 and by Lee et al. (2010), yes. No.", 45, "As in fig. 2 and by Lee et al. (2010), yes."),
        ("As in fig. 2, it grows without an end", 20, "As in fig. 2, it…"),
        ("Is it? Yes", 8, "Is it?"),
    ],
)
def test_beginning(text, longest, begun):
    assert beginning(text, longest) == begun and len(begun) <= longest


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("The company 's profit , up 5 % .", "The company's profit, up 5%."),
        ("`` We grow , '' said the CEO ( 52 ) .", '"We grow," said the CEO (52).'),
        ("raised to ` hold ' from ' sell ' by ABN", "raised to 'hold' from 'sell' by ABN"),
        ("beat analysts ' expectations", "beat analysts' expectations"),
        ("EUR2 .1 m , or EUR995 ,000 of $ 3", "EUR2.1 m, or EUR995,000 of $3"),
        ("a margin of 10 % -20 % and EUR -0.1 mn", "a margin of 10%-20% and EUR -0.1 mn"),
        ("HELSINKI ( AFX ) - Shares", "HELSINKI (AFX) - Shares"),
        ("as many as % 10", "as many as % 10"),
        ("Sepp+ñl+ñ stays", "Sepp+ñl+ñ stays"),
    ],
)
def test_detokenised(tokens, text):
    assert detokenised(tokens) == text


def test_hyphens_are_joined_where_they_were_cut():
    assert detokenised("well - known , 7 - 13 g / day", hyphens=True) == "well-known, 7-13 g/day"


# --- financial_phrasebank ---

SENTENCES = {
    "All": "Profit rose , said Sepp+ñl+ñ .@positive\n",
    "75": "Profit rose , said Sepp+ñl+ñ .@positive\nMail a@b.fi fell .@negative\n",
    "66": "Profit rose , said Sepp+ñl+ñ .@positive\nMail a@b.fi fell .@negative\nIt is .@neutral",
    "50": "Profit rose , said Sepp+ñl+ñ .@positive\r\nMail a@b.fi fell .@negative\r\nIt is .@neutral\r\nHm@maybe\r\nno label\r\n\r\nLast one .@neutral\r\n",
}  # fmt: skip


@pytest.fixture
def phrasebank(tmp_path):
    folder = tmp_path / "FinancialPhraseBank-v1.0"
    folder.mkdir()
    for name, text in SENTENCES.items():
        (folder / f"Sentences_{name}Agree.txt").write_bytes(text.encode("latin-1"))
    return folder


@pytest.fixture
def phrasebank_zip(phrasebank, tmp_path):
    path = tmp_path / "FinancialPhraseBank-v1.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in phrasebank.iterdir():
            archive.write(file, f"{phrasebank.name}/{file.name}")
            archive.writestr(f"__MACOSX/{phrasebank.name}/._{file.name}", b"\x00\x05")
    return path


def test_phrasebank_rows(phrasebank):
    rows, rejected, reading = read("financial_phrasebank", path=phrasebank)
    assert [(row.context, row.meta["label"], row.meta["agreement"]) for row in rows] == [
        ("Profit rose, said Sepp+ñl+ñ.", "positive", "allagree"),
        ("Mail a@b.fi fell.", "negative", "75agree"),
        ("It is.", "neutral", "66agree"),
        ("Last one.", "neutral", "50agree"),
    ]
    assert [(row.place, row.reason, row.detail) for row in rejected] == [
        ("ligne 4", "unknown_label", "maybe"),
        ("ligne 5", "unknown_label", "no label"),
    ]
    assert rows[0].answer.startswith("Positive: for an investor")
    assert len(reading.files) == 4 and reading.guessed["file"] == "Sentences_50Agree.txt"


def test_phrasebank_from_the_archive_is_the_same(phrasebank, phrasebank_zip):
    for part in ("", "66agree", "allagree"):
        assert read("financial_phrasebank", path=phrasebank_zip, part=part)[:2] == read("financial_phrasebank", path=phrasebank, part=part)[:2]  # fmt: skip


def test_phrasebank_from_one_file(phrasebank):
    """What the stricter files would say is not known, and not claimed."""
    rows, _, _ = read("financial_phrasebank", path=phrasebank / "Sentences_75Agree.txt", requests="fr")
    assert [row.meta for row in rows] == [
        {"line": 1, "label": "positive", "agreement_at_least": "75agree"},
        {"line": 2, "label": "negative", "agreement_at_least": "75agree"},
    ]
    assert rows[1].answer.startswith("Négatif\u00a0: pour un investisseur")
    with pytest.raises(InputError, match=r"Sentences_AllAgree\.txt"):
        read("financial_phrasebank", path=phrasebank / "Sentences_75Agree.txt", part="allagree")


@pytest.mark.parametrize("name", ["strange.txt", "Sentences_50Agree.txt", "empty"])
def test_phrasebank_that_is_not_there(name, tmp_path):
    path = tmp_path / name
    if name == "empty":
        path.mkdir()
    with pytest.raises(InputError, match=r"fichier attendu.*\n.*FinancialPhraseBank-v1\.0\.zip"):
        read("financial_phrasebank", path=path)


@pytest.mark.parametrize(("part", "count"), [("", 4846), ("50agree", 4846), ("66agree", 4217), ("75agree", 3453), ("allagree", 2264)])  # fmt: skip
def test_real_phrasebank(part, count, shared_data):
    rows, rejected, _ = read("financial_phrasebank", path=shared_data / "financial_phrasebank", part=part)
    assert (len(rows), rejected) == (count, [])
    if not part:
        assert Counter(row.meta["label"] for row in rows) == {"neutral": 2879, "positive": 1363, "negative": 604}
        levels = Counter(row.meta["agreement"] for row in rows)
        assert levels["allagree"] == 2264 and sum(levels.values()) == 4846
        assert not [row.context for row in rows if "``" in row.context or " ," in row.context or "@" in row.context[-12:]]  # fmt: skip


def test_agreement_levels_contain_each_other():
    with pytest.raises(InputError, match="contient déjà"):
        chosen_sources(["financial_phrasebank:75agree", "financial_phrasebank:allagree"])


# --- cancer ---


def test_cancer_rows(write):
    long = "Lungs are organs. " * 200
    text = f',0,a\n0,Thyroid_Cancer,"A ""gland""\x96 it  is."\n1,Lung_Cancer,{long}\n2,Skin_Cancer,text\n3,Colon_Cancer,\n4,Colon_Cancer\n'
    rows, rejected, reading = read("cancer", path=write("alldata_1_for_kaggle.csv", text.encode("latin-1")))
    assert (rows[0].context, rows[0].meta["label"], rows[0].meta["cut"]) == ('A "gland"– it is.', "Thyroid_Cancer", False)  # fmt: skip
    assert len(rows[1].context) <= LONGEST_CONTEXT and rows[1].context.endswith("organs.")
    assert rows[1].meta == {"row": 2, "label": "Lung_Cancer", "characters": len(long.strip()), "cut": True}
    assert rows[1].question in cancer.START["en"] and rows[0].question in cancer.WHOLE["en"]
    assert rows[2].question == ""  # nothing to ask about: the cleaning rejects it
    assert Counter(row.reason for row in rejected) == {"unknown_label": 1, "ragged_row": 1}
    assert reading.guessed["encoding"] == "cp1252"


def test_marks_of_pubmed_go():
    text = 'Title <AbstractText Label="METHODS" NlmCategory="METHODS">Done (p<0.05).</AbstractText>'
    assert cancer._tidy(text) == "Title METHODS: Done (p<0.05)."


def test_cancer_without_its_columns(write):
    with pytest.raises(InputError, match=r"0 \(label\), a \(text\).*\n.*alldata_1_for_kaggle\.csv"):
        read("cancer", path=write("cancer.csv", "label,text\na,b\n"))


def test_real_cancer_file(shared_data):
    rows, rejected, _ = read("cancer", path=shared_data / "cancer_text_substitute" / "cancer_kaggle_shape_600.csv")
    assert (len(rows), rejected) == (600, [])
    assert Counter(row.meta["label"] for row in rows) == dict.fromkeys(cancer.ANSWERS["en"], 200)
    assert len({row.context for row in rows}) == 598  # one row twice, and one text under two labels
    assert all(len(row.context) <= LONGEST_CONTEXT and "AbstractText" not in row.context for row in rows)


# --- corona_tweets ---


@pytest.mark.parametrize(
    ("tweet", "tidied"),
    [
        ("@DrTedros see https://t.co/x1 &amp; wash\r\r\n\r\r\nhands", "@user see [link] & wash\nhands"),
        ("mail me: a.b@c.org", "mail me: a.b@c.org"),
        ("cut https", "cut [link]"),
        ("#StayHome  @a_1: &lt;3", "#StayHome @user: <3"),
    ],
)
def test_tidy_tweet(tweet, tidied):
    assert tidy_tweet(tweet) == tidied


TWEETS = 'UserName,ScreenName,Location,TweetAt,OriginalTweet,Sentiment\r\n1,44953,NYC,02-03-2020,"Can\x92t\r\r\nstop",Extremely Negative\r\n2,44954,,02-03-2020,ok,Great\r\n'  # fmt: skip


def test_tweets_of_a_folder(tmp_path):
    for part in ("train", "test"):
        (tmp_path / f"Corona_NLP_{part}.csv").write_bytes(TWEETS.encode("latin-1"))
    rows, rejected, _ = read("corona_tweets", path=tmp_path)
    assert [row.key for row in rows] == ["Corona_NLP_train-1", "Corona_NLP_test-1"]
    assert (rows[0].context, rows[0].meta["label"], rows[0].meta["date"]) == ("Can’t\nstop", "Extremely Negative", "02-03-2020")  # fmt: skip
    assert rows[0].answer == "Extremely negative: 1 on a scale from 1 (extremely negative) to 5 (extremely positive)."
    assert not any("NYC" in str(row) for row in rows)
    assert [row.reason for row in rejected] == ["unknown_label"] * 2
    rows, _, _ = read("corona_tweets", path=tmp_path, part="test", requests="fr")
    assert [row.answer for row in rows] == [
        "Très négatif\u00a0: 1 sur une échelle de 1 (très négatif) à 5 (très positif)."
    ]
    (tmp_path / "Corona_NLP_test.csv").unlink()
    with pytest.raises(InputError, match=r"Corona_NLP_test\.csv"):
        read("corona_tweets", path=tmp_path, part="test")


def test_a_repaired_copy_is_not_read_beside_its_original(tmp_path):
    path = tmp_path / "Corona_NLP_train.csv"
    path.write_bytes(TWEETS.encode("latin-1") + b"3,4\r\n")
    repair(path, Given(), out=default_out(path))
    rows, rejected, reading = read("corona_tweets", path=tmp_path)
    assert [row.key for row in rows] == ["Corona_NLP_train-1"] and reading.files == (path,)
    assert [row.place for row in rejected] == [f"Corona_NLP_train, ligne de données {n}" for n in (2, 3)]
    with gzip.open(tmp_path / "Corona_NLP_test.csv.gz", "wb") as file:
        file.write(TWEETS.encode("latin-1"))
    assert [row.key for row in read("corona_tweets", path=tmp_path, part="test")[0]] == ["Corona_NLP_test-1"]


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("corona_tweets", "Corona_NLP_test.csv", "OriginalTweet,Sentiment\nOÃ¹ ?,Neutral\nl\0à,Neutral\n"),
        ("cancer", "alldata_1_for_kaggle.csv", "0,a\nLung_Cancer,OÃ¹ ?\nLung_Cancer,l\0à\n"),
        ("medquad", "medquad.csv", "question,answer,source,focus_area\nOÃ¹ ?,Ici.,s,f\nQui ?,l\0à,s,f\n"),
    ],
)
def test_repairs_of_public_tables_are_counted_and_logged(source, name, text, write):
    rows, _, reading = read(source, path=write(name, text))
    assert reading.guessed["repairs"] == {"mojibake": 1, "control_characters": 1}
    log = list(reading.repairs())
    assert [(one["row"], one["line"], one["repair"], one["after"]) for one in log] == [
        (1, 2, "mojibake", "Où ?"), (2, 3, "control_characters", "là"),
    ]  # fmt: skip
    assert len(rows) == 2 and {one.get("file", "") for one in log} == {"Corona_NLP_test" if source == "corona_tweets" else ""}  # fmt: skip


def test_tweets_without_their_columns(write):
    with pytest.raises(InputError, match="OriginalTweet, Sentiment"):
        read("corona_tweets", path=write("tweets.csv", "text,label\na,b\n"))


def test_real_tweets(shared_data):
    folder = shared_data / "corona_tweets"
    rows, rejected, reading = read("corona_tweets", path=folder)
    assert Counter(row.meta["file"] for row in rows) == {"Corona_NLP_test": 3798} and rejected == []
    labels = Counter(row.meta["label"] for row in rows)
    assert labels == {"Negative": 1041, "Positive": 947, "Neutral": 619, "Extremely Positive": 599, "Extremely Negative": 592}  # fmt: skip
    assert set(labels) == set(corona_tweets.SCALE)
    texts = "\n".join(row.context for row in rows)
    assert "’" in texts and "&amp;" not in texts and "http" not in texts and "\r" not in texts
    assert reading.guessed["encoding"] == {"Corona_NLP_test.csv": "cp1252"}
    assert len(read("corona_tweets", path=folder / "Corona_NLP_train_first89.csv")[0]) == 89


# --- scientific_papers ---

PAPER = {
    "article_id": "1405.3379",
    "abstract_text": ["<S> we show a bound of @xmath0 $ ] for well - known models . </S>", "<S> it holds\n always . </S>"],
    "article_text": ["models @xcite matter ."],
    "section_names": ["[sec:intro]introduction", "MATERIALS AND METHODS", "results", "", "acknowledgements"],
    "sections": [["models @xcite , @xcite matter ."], [""], ["we find ( @xmath1 ) that it grows steadily in all of the cases that we looked at here . " * 12], [], ["we thank b. ."]],
    "labels": None,
}  # fmt: skip


def test_paper_rows(write):
    path = write("arxiv.jsonl", json.dumps(PAPER) + "\n\n[1]\nnot json\n" + json.dumps({"article_id": "2"}) + "\n")
    rows, rejected, reading = read("scientific_papers", path=path)
    assert [(row.key, row.meta["task"]) for row in rows] == [
        ("arxiv-1-summary", "summary"),
        ("arxiv-1-section-1", "section"),
        ("arxiv-1-section-2", "section"),
        ("arxiv-1-outline", "outline"),
    ]
    assert {row.group for row in rows} == {"1405.3379"}
    summary, first, second, outline = rows
    assert summary.answer == "we show a bound of [formula] for well-known models. it holds always."
    assert summary.context.startswith("Introduction\nmodels [ref] matter.\n\nResults\nwe find ([formula]) that")
    assert (summary.meta["cut"], first.answer, first.meta["answer_cut"]) == (False, "models [ref] matter.", False)
    assert "“Results”" in second.question and second.meta["answer_cut"] and len(second.answer) <= 700
    assert second.answer in second.context and ("begin" in second.question or "first" in second.question)
    assert outline.answer == "- Introduction\n- Materials and methods\n- Results"
    assert Counter(row.reason for row in rejected) == {"back_matter": 1, "not_a_paper": 3}
    assert reading.guessed["documents"] == 4


def test_paper_in_the_form_of_tfds(write):
    text = "a first sentence . " * 300
    record = {"article": text, "abstract": "short .", "section_names": "introduction\nresults"}
    rows, _, _ = read("scientific_papers", path=write("sample.jsonl", json.dumps(record)), requests="fr")
    assert [row.meta["task"] for row in rows] == ["summary"]
    assert rows[0].meta["cut"] and len(rows[0].context) <= LONGEST_CONTEXT and len(rows[0].group) == 16
    assert "début" in rows[0].question or "premières" in rows[0].question or "commence" in rows[0].question


def test_papers_of_upstreams_archive_and_folder(tmp_path):
    folder = tmp_path / "arxiv-dataset"
    folder.mkdir()
    for split in ("train", "val"):
        (folder / f"{split}.txt").write_text(json.dumps(PAPER) + "\n", encoding="utf-8")
    (folder / "vocab").write_text("the 3\n", encoding="utf-8")
    rows, _, reading = read("scientific_papers", path=folder, part="arxiv")
    assert rows[0].key == "arxiv-train-1-summary" and reading.guessed["documents"] == 2
    with zipfile.ZipFile(tmp_path / "arxiv-dataset.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"arxiv-dataset/{file.name}")
    again, _, reading = read("scientific_papers", path=tmp_path / "arxiv-dataset.zip")
    assert {row.key: row.answer for row in again} == {row.key: row.answer for row in rows} and len(again) == len(rows)
    assert reading.guessed["documents"] == 2
    with pytest.raises(InputError, match="aucun fichier d'articles"):
        read("scientific_papers", path=folder / "..", part="pubmed")


def test_papers_are_placed_by_their_lines(tmp_path):
    line = json.dumps(PAPER)
    texts = {"arxiv-dataset/test.txt": f"{line}\n[1]\n", "arxiv-dataset/train.txt": f"\n\n[1]\n{line}\n[2]"}
    with zipfile.ZipFile(tmp_path / "papers.zip", "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    for place in ("arxiv-dataset", "papers.zip"):
        rows, rejected, _ = read("scientific_papers", path=tmp_path / place)
        assert [row.key for row in rows if row.meta["task"] == "summary"] == ["arxiv-test-1-summary", "arxiv-train-4-summary"]  # fmt: skip
        assert [row.place for row in rejected if row.reason == "not_a_paper"] == ["arxiv-test, ligne 2", "arxiv-train, ligne 3", "arxiv-train, ligne 5"]  # fmt: skip


def test_the_part_asked_for_and_the_originals_before_tfdss_records(tmp_path):
    records = [tmp_path / "scientific_papers" / part / "1.1.1" / "dataset_info.json" for part in ("arxiv", "pubmed")]
    for file in records:
        file.parent.mkdir(parents=True)
        file.write_text("{}")
    assert paper_files(tmp_path, "") == records
    assert paper_files(tmp_path, "pubmed") == paper_files(records[1].parent, "pubmed") == records[1:]
    original = tmp_path / "downloads" / "arxiv-dataset" / "train.txt"
    original.parent.mkdir(parents=True)
    original.write_text(json.dumps(PAPER))
    assert paper_files(tmp_path, "") == [original, records[1]]
    assert paper_files(tmp_path, "arxiv") == [original] and paper_files(tmp_path, "pubmed") == records[1:]


def test_a_cut_gzip_of_papers(write):
    path = write("arxiv.jsonl.gz", gzip.compress(json.dumps(PAPER).encode(), mtime=0)[:-20])
    with pytest.raises(InputError, match="incomplet ou abîmé"):
        read("scientific_papers", path=path)
    whole = bytearray(gzip.compress(json.dumps(PAPER).encode(), mtime=0))
    whole[20:40] = b"\xff" * 20  # inside the data: the unpacker itself stops
    with pytest.raises(InputError, match="incomplet ou abîmé"):
        read("scientific_papers", path=write("pubmed.jsonl.gz", bytes(whole)))


def test_a_line_without_an_end(write, tmp_path, monkeypatch):
    import datasets_prep.paper_files as paper_files

    monkeypatch.setattr(paper_files, "LONGEST_LINE", 1000)
    bomb = gzip.compress(json.dumps(PAPER | {"sections": []}).encode()[:900] + b"\n" + bytes(5000), mtime=0)
    rows, rejected, reading = read("scientific_papers", path=write("arxiv.jsonl.gz", bomb))
    assert [row.reason for row in rejected] == ["not_a_paper"] * reading.guessed["documents"] and not rows
    with zipfile.ZipFile(tmp_path / "arxiv.zip", "w") as archive:
        archive.writestr("train.txt", gzip.decompress(bomb))
    _, zipped, _ = read("scientific_papers", path=tmp_path / "arxiv.zip")
    assert len(zipped) == len(rejected) and max(len(row.question) for row in zipped) <= 1000
    with pytest.raises(InputError, match="fichier introuvable"):
        read("scientific_papers", path=write("arxiv.jsonl", "").parent / "absent")


def test_answers_of_formulas_are_rejected(write):
    bad = {**PAPER, "abstract_text": ["<S> @xmath1 is @xmath2 . </S>"], "sections": [["a \\frac { a } ."], [], ["fine ."], [], []]}  # fmt: skip
    rows, rejected, _ = read("scientific_papers", path=write("arxiv.jsonl", json.dumps(bad)))
    assert [row.reason for row in rejected] == ["formulas", "formulas"] and len(rows) == 2


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("[sec:introduction]introduction", "Introduction"),
        ("MATERIALS AND METHODS", "Materials and methods"),
        ("3.1. Induction of AMP Genes", "3.1. Induction of AMP Genes"),
        ("M", "Methods"),
        ("mean @xmath0 relation", "Mean [formula] relation"),
    ],
)
def test_headings(name, heading):
    assert tidy_heading(name) == heading


def test_marks_in_texts():
    assert tidy("as @xcite , @xcite , @xmath0 $ ] is") == "as [ref], [formula] is"


def sections(*lengths):
    return [Section(heading=f"S{n}", text=("word " * length).strip() + ".") for n, length in enumerate(lengths)]


def test_an_extract_gives_each_section_its_share():
    paper = sections(10, 10)
    assert extract(paper, 1000).text == "\n\n".join(section.whole for section in paper)
    long = [Section(heading=f"S{n}", text="A sentence of some words. " * 100) for n in range(30)]
    sentences = [Section(heading="H" * 260, text="It holds. " * 60)] * 8
    assert len(extract(sentences, 2000).text) <= 8 * (260 + len("\n\n\n"))  # headings alone, where they leave no room
    assert beginning("word " * 1000, 0) == beginning("word " * 1000, -5) == ""
    assert len(tidy_heading("a heading as long as a sentence " * 10)) <= 120
    cut = extract(long, 2000)
    assert cut.cut and len(cut.text) <= 2000
    assert cut.text.startswith("S0\n") and "S29\n" in cut.text
    short_and_long = extract([Section(heading="A", text="Short."), *long[:2]], 1000)
    assert short_and_long.text.startswith("A\nShort.\n\n") and len(short_and_long.text) > 900


def test_passages_hold_neighbours():
    found = passages(sections(100, 100, 100, 100), longest=1600, longest_section=600)
    assert len(found) == 4 and found[0] == found[1] != found[2] == found[3]  # none stands alone
    assert all(len(passage.text) <= 1600 and not passage.cut for passage in found)
    assert all(passage.cut for passage in passages(sections(300), longest=1600, longest_section=600))


@pytest.mark.parametrize(("file", "documents"), [("arxiv", 15), ("pubmed", 110), ("tfds_shape_sample", 25)])
def test_real_papers(file, documents, shared_data):
    rows, rejected, reading = read("scientific_papers", path=shared_data / "scientific_papers" / f"{file}.jsonl")
    assert reading.guessed["documents"] == documents
    summaries = [row for row in rows if row.meta["task"] == "summary"]
    in_formulas = [row for row in rejected if row.reason == "formulas" and "ection" not in row.question]
    assert len({row.group for row in rows}) == documents
    assert documents - 6 <= len(summaries) <= documents and len(in_formulas) >= documents - len(summaries)
    assert {row.reason for row in rejected} <= {"back_matter", "formulas"}
    for row in rows:
        assert len(row.context) <= LONGEST_CONTEXT
        assert not {"@xmath", "@xcite", "<S>"} & {mark for mark in ("@xmath", "@xcite", "<S>") if mark in row.context + row.answer}  # fmt: skip


def test_phrasebank_labels_are_told_in_the_language_of_the_request():
    assert financial_phrasebank.ANSWERS["fr"].keys() == financial_phrasebank.ANSWERS["en"].keys()


# --- --requests ---


def test_requests_go_to_the_sets_that_causette_phrases(prepared, phrasebank):
    assert chosen_sources(["cancer", "medquad"], options={"requests": "fr"})[0].given.requests == "fr"
    with pytest.raises(InputError, match=r"--requests.*: seulement pour certaines sources \(cancer, corona_tweets"):
        chosen_sources(["medquad"], options={"requests": "fr"})
    data = prepared("financial_phrasebank", from_file=phrasebank, requests="fr", shares=(1, 0, 0))
    assert all("cette" in row.question.lower() or "investisseur" in row.question for row in data.split("train"))
    assert data.manifest["sources"][0]["guessed"]["requests"] == "fr"
    assert data.manifest["terms"]["commercial_use"] == "no"


def test_no_paper_is_cut_by_a_split(shared_data, write, prepared):
    with (shared_data / "scientific_papers" / "pubmed.jsonl").open(encoding="utf-8") as file:
        papers = write("pubmed.jsonl", "".join(islice(file, 30)))
    data = prepared("scientific_papers", from_file=papers)
    articles = [{dialogue.meta["article"] for dialogue in data.split(split)} for split in data.splits]
    assert all(articles) and sum(map(len, articles)) == len(set.union(*articles))
