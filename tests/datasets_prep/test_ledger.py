"""The ledger: the strictest terms of a mixture, whatever the order of its sources."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from datasets_prep.ledger import FROM_STRICT_TO_FREE, licence_from_json, licences_of, strictest
from datasets_prep.sources import FILE_KINDS, SOURCES
from datasets_prep.spec import Licence

answers = st.sampled_from(FROM_STRICT_TO_FREE)
licences = st.builds(
    Licence,
    stated=st.just(("l", "l")),
    attribution=st.sampled_from(["", "Ada", "Bob"]),
    redistribution=answers,
    commercial_use=answers,
    personal_data=st.just(("p", "p")),
    link=st.just(""),
    checked=st.just("2026-11"),
    share_alike=answers,
)
mixtures = st.dictionaries(st.sampled_from("abcdef"), licences, min_size=1)


def of(*names):
    return strictest({name: SOURCES[name].licence for name in names})


def test_the_strictest_of_the_real_ones():
    free = of("embedded", "medquad")
    assert (free.redistribution, free.commercial_use, free.share_alike) == ("yes", "yes", "no")
    mixed = of("embedded", "financial_phrasebank", "corona_tweets")
    assert (mixed.redistribution, mixed.commercial_use, mixed.share_alike) == ("unknown", "no", "yes")
    assert mixed.non_commercial == mixed.share_alike_sources == ("financial_phrasebank",)
    assert mixed.unknown == ("corona_tweets",)
    assert [text.split(",")[0] for text in mixed.attributions] == ["Causette", "P. Malo", "Coronavirus tweets NLP - Text Classification"]  # fmt: skip


@given(mixtures)
def test_order_does_not_count_and_nothing_is_freer_than_a_part(mixture):
    whole, turned = strictest(mixture), strictest(dict(reversed(mixture.items())))
    assert (whole.redistribution, whole.commercial_use, whole.share_alike) == (turned.redistribution, turned.commercial_use, turned.share_alike)  # fmt: skip
    for name, licence in mixture.items():
        alone = strictest({name: licence})
        for term in ("redistribution", "commercial_use"):
            assert FROM_STRICT_TO_FREE.index(getattr(whole, term)) <= FROM_STRICT_TO_FREE.index(getattr(alone, term))
        assert (name in whole.non_commercial) == (licence.commercial_use == "no")
        assert not licence.attribution or licence.attribution in whole.attributions
    assert (whole.share_alike == "yes") == bool(whole.share_alike_sources)
    assert strictest({**mixture}) == whole


def test_what_a_source_states_is_whole():
    for name, spec in SOURCES.items():
        licence = spec.licence
        own_file = name in FILE_KINDS.values()  # of which nobody has checked anything
        assert licence.checked == "" if own_file else datetime.strptime(licence.checked, "%Y-%m"), name
        assert licence.link.startswith("https://") or name in ("csv", "jsonl") or not spec.upstreams
        assert licence.attribution or not spec.upstreams
        assert {licence.redistribution, licence.commercial_use, licence.share_alike} <= set(FROM_STRICT_TO_FREE)


def test_a_manifest_keeps_the_ledger(write, prepared):
    faq = write("faq.csv", "question,answer\n" + "".join(f"Où est {n} ?,Page {n}.\n" for n in range(3, 30)))
    data = prepared("embedded:hub", faq)
    terms = data.manifest["terms"]
    assert (terms["redistribution"], terms["commercial_use"], terms["unknown"]) == ("unknown", "unknown", ["faq"])
    assert strictest(licences_of(data.manifest)).to_json() == {
        **terms,
        **{key: tuple(value) for key, value in terms.items() if isinstance(value, list)},
    }


def test_an_entry_of_an_older_manifest_is_read():
    record = SOURCES["medquad"].licence.to_json()
    del record["share_alike"]
    assert licence_from_json(record | {"later": "x"}).share_alike == "unknown"
