"""The reading side: a folder that is not whole, or not as written, is refused."""

import copy
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.errors import InputError
from chatbot.language import set_language
from datasets_prep.atlas.analysis import AtlasRequest, analyse
from datasets_prep.atlas.clouds import Cloud
from datasets_prep.atlas.lengths import Length, TokenMeasure
from datasets_prep.atlas.page import page_of
from datasets_prep.ledger import licences_of, strictest
from datasets_prep.prepare import PrepareConfig, prepare
from datasets_prep.prepared import PreparedSet


@pytest.fixture
def data(prepared):
    return prepared("embedded:hub")


def test_splits_come_back(data):
    again = PreparedSet.open(data.folder)
    assert again.splits == ("train", "validation", "test", "recall")
    assert {split: len(list(again.split(split))) for split in again.splits} == again.manifest["counts"]["by_split"]
    assert len(again.fingerprint) == 64


def test_an_unknown_split_lists_those_there(data):
    with pytest.raises(
        InputError, match=r"pas de partie «\sdev\s». Parties présentes\s: train, validation, test, recall"
    ):
        data.split("dev")


def test_a_lost_file_is_named(data):
    (data.folder / "recall.jsonl").unlink()
    with pytest.raises(InputError, match=r"recall\.jsonl\s: fichier manquant\.\n.*--replace"):
        PreparedSet.open(data.folder)


def test_a_changed_file_is_named(data):
    with (data.folder / "train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match=r"train\.jsonl\s: fichier modifié depuis la préparation\.\n"):
        PreparedSet.open(data.folder)


@pytest.mark.parametrize("manifest", [None, "{", "[]", "{}", b"\xff"])
def test_what_is_not_a_prepared_set(tmp_path, write, manifest):
    if manifest is not None:
        write("manifest.json", manifest)
    with pytest.raises(InputError, match=r"ce n'est pas un jeu préparé.*\nPréparez-le\s: causette prepare"):
        PreparedSet.open(tmp_path)


def test_another_format(data):
    path = data.folder / "manifest.json"
    path.write_text(json.dumps({**data.manifest, "format_version": 99}))
    with pytest.raises(InputError, match=r"format 99.*format 1"):
        PreparedSet.open(data.folder)


WRONG = [
    (["sources"], "boutique"),
    (["sources"], {}),
    (["sources", 0, "licence", "commercial_use"], "peut-être"),
    (["sources", 0, "weight"], float("nan")),
    (["counts"], []),
    (["counts", "read"], "3572"),
    (["counts", "kept"], -1),
    (["counts", "by_reason"], None),
    (["counts", "by_split"], {"train": 3}),
    (["terms", "attributions"], "Causette"),
    (["fingerprints"], {}),
    (["languages", "fr"], True),
]


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_a_manifest_of_another_shape_is_told_where(data, place, value):
    (data.folder / "manifest.json").write_text(json.dumps(with_value(data.manifest, place, value)), encoding="utf-8")
    where = re.escape(".".join(map(str, place)))
    with pytest.raises(InputError, match=rf"manifest\.json\s: «\s{where}.*\n.*--replace") as told:
        PreparedSet.open(data.folder)
    assert len(str(told.value).splitlines()) == 2


@pytest.mark.parametrize(
    "place", [["created"], ["counts"], ["counts", "copies"], ["sources", 0, "name"], ["fingerprints"]]
)
def test_what_a_manifest_lacks_is_named(data, place):
    (data.folder / "manifest.json").write_text(json.dumps(without(data.manifest, place)), encoding="utf-8")
    with pytest.raises(InputError, match=rf"«\s{re.escape('.'.join(map(str, place)))}\s» manque"):
        PreparedSet.open(data.folder)


def test_a_file_is_no_prepared_set_and_the_way_to_one_is_told(write):
    faq = write("faq.csv", "question,réponse\n")
    with pytest.raises(
        InputError, match=r"c'est un fichier.*\nPréparez-le d'abord\s: causette prepare .*faq\.csv --out data/faq"
    ):
        PreparedSet.open(faq)


def with_value(manifest, place, value):
    changed = copy.deepcopy(dict(manifest))
    *path, last = place
    inner = changed
    for key in path:
        inner = inner[key]
    inner[last] = value
    return changed


def without(manifest, place):
    changed = with_value(manifest, place, None)
    *path, last = place
    inner = changed
    for key in path:
        inner = inner[key]
    del inner[last]
    return changed


def places_of(value, place=()):
    """The place of every value in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*place, key)
        yield from places_of(inner, (*place, key))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    set_language("fr")
    folder = tmp_path_factory.mktemp("small")
    (folder / "faq.csv").write_text(
        "question,answer\nOù est-il ?,Ici même.\nEt elle ?,Là-bas.\nEt nous ?,\n"
        + "".join(f"Où est le colis {n} ?,Au casier {n}.\n" for n in range(9)),
        encoding="utf-8",
    )
    out = prepare(PrepareConfig(sources=(str(folder / "faq.csv"), "embedded:hub"), out=folder / "out", show_leak=True))
    return PreparedSet.open(out)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_change_of_a_manifest_is_read_or_told(small, data):
    """No reader of a manifest crashes on it: ledger, numbers and page of the atlas, text of the TFDS set."""
    from datasets_prep.tfds_set import _description

    place = data.draw(st.sampled_from(list(places_of(dict(small.manifest)))))
    changed = with_value(small.manifest, place, data.draw(json_values))
    path = Path(small.folder) / "manifest.json"
    whole = path.read_bytes()
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        opened = PreparedSet.open(small.folder)
    except InputError as told:
        assert len(str(told).splitlines()) == 2
        return
    finally:
        path.write_bytes(whole)
    strictest(licences_of(opened.manifest)).to_json()
    _description(opened)
    atlas = analyse(AtlasRequest(data=opened, tokens=MEASURE, most=2))
    empty = Cloud(svg="", png=b"", drawn=(), left_out=())
    assert page_of(atlas, [{"count": empty, "tfidf": empty}] * len(atlas["words"]["parts"]))


MEASURE = TokenMeasure(
    model="mots",
    template="plain",
    limit=8,
    lengths=lambda dialogues: [Length(2, 1)] * len(dialogues),
    view=lambda _: [],
)
