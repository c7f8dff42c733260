"""Function words of French and English: what every text holds, and so says nothing of what this one is about.

Closed classes only (articles, pronouns, prepositions, conjunctions, auxiliaries, a few adverbs). Longer lists also hide
words of the subject: scikit-learn's English list drops "system" and "fire", common French ones "valeur" and "état".
Words stand as the tokens of `words.WORD` do: without apostrophe, "don't" is "don".
"""

from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FRENCH = _words("""
    le la les un une des du de au aux ce cet cette ces ceci cela ça celui celle ceux celles ci là
    mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs mien mienne tien tienne sien sienne
    nôtre nôtres vôtre vôtres
    je tu il elle on nous vous ils elles me te se moi toi soi lui eux en
    qui que quoi dont où lequel laquelle lesquels lesquelles auquel auxquels auxquelles duquel desquels desquelles
    quel quelle quels quelles quelque quelques quelconque
    et ou ni mais or car donc puis ainsi alors aussi
    si comme comment quand lorsque puisque quoique parce afin tandis combien pourquoi
    dans par pour sur sous avec sans chez vers entre contre depuis pendant durant dès jusque selon parmi
    après avant malgré hors outre via lors près
    ne pas plus moins non oui rien jamais guère aucun aucune nul nulle
    très trop peu assez tant tellement bien encore déjà toujours souvent ici maintenant ensuite enfin
    également seulement notamment environ presque plutôt surtout cependant toutefois néanmoins
    tout toute tous toutes chaque chacun chacune plusieurs certain certaine certains certaines autre autres même mêmes
    tel telle tels telles
    être suis es est sommes êtes sont étais était étions étiez étaient fus fut fûmes fûtes furent serai seras sera
    serons serez seront serais serait serions seriez seraient sois soit soyons soyez soient fût été étant
    avoir ai as avons avez ont avais avait avions aviez avaient eus eut eûmes eûtes eurent aurai auras aura aurons
    aurez auront aurais aurait aurions auriez auraient aie aies ait ayons ayez aient eût eu eue eus eues ayant
    faire fais fait faites font faut
    peut peux peuvent pouvez pouvons pouvait pourrait pourra doit dois doivent devez devons devrait devra
    voici voilà etc
    """)
ENGLISH = _words("""
    the an this that these those
    me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
    it its itself they them their theirs themselves one ones
    who whom whose which what where when why how whether whatever whichever whoever
    and or but nor so yet if then else than because while although though unless until since as
    of to in on at by for from with without within into onto upon over under above below between among through
    during before after against about across along around behind beside besides beyond near off out up down per via
    toward towards
    not no none nothing nobody never any some all both each every either neither few many much more most less least
    several other others another such same own only just also too very even still again once ever often here there now
    however therefore thus hence otherwise perhaps rather quite almost
    am is are was were be been being have has had having do does did doing done
    can could may might must shall should will would cannot ought
    don doesn didn isn aren wasn weren hasn haven hadn won wouldn couldn shouldn mustn etc
    """)
# What an apostrophe leaves of a word: no words at all, and never counted.
FRAGMENTS = _words("qu lorsqu puisqu quoiqu jusqu quelqu presqu aujourd hui ll ve re")
STOP_WORDS: Mapping[str, frozenset[str]] = {"fr": FRENCH, "en": ENGLISH}
NONE_NOTED: Mapping[str, int] = MappingProxyType({})
ENOUGH = 0.05  # of the dialogues; and share of a language's own function words from which a corpus is in it; real prose has 30 % and more


def languages_of(counts: Mapping[str, int], noted: Mapping[str, int] = NONE_NOTED) -> tuple[str, ...]:
    """The languages, of French and English, that a corpus is written in.

    Told by function words of one list alone; and by the dialogues themselves, for in a mixture the short ones of one
    language drown among the words of another.

    Args:
        counts: lower-case word → how often it stands in the corpus.
        noted: language → the dialogues that are in it, "" where it is not known.
    """
    total, dialogues = sum(counts.values()), sum(noted.values())
    found = []
    for language, listed in STOP_WORDS.items():
        others = frozenset().union(*(words for name, words in STOP_WORDS.items() if name != language))
        by_words = total and sum(counts.get(word, 0) for word in listed - others) >= ENOUGH * total
        if by_words or (dialogues and noted.get(language, 0) >= ENOUGH * dialogues):
            found.append(language)
    return tuple(found)
