"""The licence that an owner declares for his own files: noted as declared, never taken for checked."""

import pytest

from chatbot.errors import InputError
from chatbot.files import read_json
from chatbot.language import speaking
from datasets_prep.ledger import licences_of, strictest
from datasets_prep.own_licence import KNOWN, RESERVED, UNKNOWN_LICENCE, declared
from datasets_prep.prepare import PrepareConfig, prepare

PAIRS = [(f"Où est le colis {n} ?", f"Au casier {n}.") for n in range(3, 30)]
FILES = {
    "faq.csv": "question,answer\n" + "".join(f"{question},{answer}\n" for question, answer in PAIRS),
    "notes.json": str([{"question": f"{question} Dites !", "answer": f"{answer} Voilà."} for question, answer in PAIRS]).replace("'", '"'),
    "dits.txt": "\n".join(f"###human: {question} Alors ?\n###assistant: {answer} Ici même.\n" for question, answer in PAIRS),
}  # fmt: skip


def test_the_terms_are_those_of_the_names():
    for name, known in KNOWN.items():
        assert known.link.startswith("https://") or name == RESERVED
        assert ("nc" in name.split("-")) == (known.commercial_use == "no") or name == RESERVED
        assert (known.share_alike == "yes") == ("sa" in name.split("-") or name == "odbl")
        assert declared(name).identifier == name and declared(name).checked == ""
    assert [name for name, known in KNOWN.items() if known.redistribution != "yes"] == [RESERVED]


@pytest.mark.parametrize(
    ("text", "name"),
    [("CC BY 4.0", "cc-by-4.0"), ("CC0", "cc0-1.0"), ("ODbL-1.0", "odbl"), ("Propriétaire", RESERVED), ("MIT", "mit")],
)
def test_a_licence_is_known_by_a_name_near_its_own(text, name):
    assert declared(text).identifier == name


@pytest.mark.parametrize("text", ["", "gpl-3.0", "cc-by", "cc-by-3.0", "unknown"])
def test_an_unknown_one_is_refused_with_the_list(text):
    with pytest.raises(InputError) as caught:
        declared(text)
    first, second = str(caught.value).splitlines()
    assert text in first and all(name in second for name in KNOWN)


def test_whom_to_name_is_one_line_of_text():
    assert declared("mit", " Zoé\n  Martin\x1b\udcff ").attribution == "Zoé Martin"


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_own_file_takes_it(name, write, prepared):
    data = prepared(write(name, FILES[name]), licence="cc-by-sa-4.0", attribution="Zoé")
    entry = data.manifest["sources"][0]["licence"]
    assert entry["identifier"] == "cc-by-sa-4.0" and entry["attribution"] == "Zoé" and entry["checked"] == ""
    assert (entry["redistribution"], entry["commercial_use"], entry["share_alike"]) == ("yes", "yes", "yes")
    assert entry["stated"] == "CC BY-SA 4.0, selon la déclaration de qui a préparé le jeu"
    assert entry["stated"] in (data.folder / "report.md").read_text(encoding="utf-8")


def test_it_holds_for_the_own_files_of_a_mixture_alone(write, prepared):
    files = [write(name, FILES[name]) for name in ("faq.csv", "notes.json")]
    data = prepared("embedded:hub", *files, licence="cc-by-nc-sa-4.0")
    licences, terms = licences_of(data.manifest), data.manifest["terms"]
    assert {name: one.identifier for name, one in licences.items()} == {
        "embedded:hub": "", "faq": "cc-by-nc-sa-4.0", "notes": "cc-by-nc-sa-4.0",
    }  # fmt: skip
    assert (terms["redistribution"], terms["commercial_use"], terms["share_alike"]) == ("yes", "no", "yes")
    assert terms["non_commercial"] == terms["share_alike_sources"] == ["faq", "notes"] and not terms["unknown"]
    reserved = prepared("embedded:hub", files[0], licence="propriétaire", out=data.folder.parent / "reserved")
    assert reserved.manifest["terms"]["redistribution"] == "no"


def test_nothing_changes_where_none_is_declared(write, prepared):
    data = prepared(write("faq.csv", FILES["faq.csv"]))
    assert data.manifest["sources"][0]["licence"] == {
        name: value for name, value in UNKNOWN_LICENCE.to_json().items() if name != "identifier"
    }


def test_it_is_known_in_both_languages_whatever_the_manifest_speaks(write, prepared):
    data = prepared(write("faq.csv", FILES["faq.csv"]), licence="etalab-2.0")
    with speaking("en"):
        terms = strictest(licences_of(data.manifest))
    assert terms.licences == {"faq": "Open Licence 2.0 (Etalab), as declared by whoever prepared the set"}


def test_the_user_reads_what_it_holds_for_and_whom_to_name(write, tmp_path):
    def said(**options):
        lines = []
        sources = tuple(str(write(name, FILES[name])) for name in ("faq.csv", "notes.json"))
        prepare(PrepareConfig(sources=sources, out=tmp_path / "out", replace=True, **options), say=lines.append)
        return "\n".join(lines).replace("\u00a0", " ")

    advised = said(licence="cc-by-4.0")
    assert "sans vérification : CC BY 4.0 (faq, notes)." in advised and "--attribution" in advised
    named = said(licence="cc-by-4.0", attribution="Zoé Martin")
    assert "CC BY 4.0 (faq, notes) ; à citer : Zoé Martin." in named and "--attribution" not in named
    assert "--attribution" not in said(licence="cc0") and "sans vérification" not in said()
    assert "identifier" not in read_json(tmp_path / "out" / "manifest.json")["sources"][0]["licence"]
