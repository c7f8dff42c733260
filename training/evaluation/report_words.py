"""What the numbers allow to say, and what they do not: the first lines of a report, and its last.

No sentence here says more than an interval carries: "better" and "worse" are `tables.verdict`, everything else is "no
difference shown".
"""

from collections.abc import Sequence

from chatbot.language import number, tr
from training.evaluation.asked import CANDIDATES
from training.evaluation.compare import Comparison
from training.evaluation.markdown import code, counted, gap_told, sample_told, share_told
from training.evaluation.measures import MEASURES, label_of
from training.evaluation.records import Evaluation
from training.evaluation.report_facts import Facts
from training.evaluation.tables import Verdict, verdict

LIKENESS = ("token_f1", "bleu", "chrf", "rouge_l")
OF_LABELS = ("accuracy", "macro_f1")
MAIN = ("bits_per_byte", *OF_LABELS, *LIKENESS)  # the measures that a conclusion rests on
LEADING = ("accuracy", "token_f1", "bits_per_byte")  # those told with their numbers


def asked_told(split: str, count: int) -> str:
    """So many questions of a split, in a sentence."""
    one, many = {
        "test": (tr("question jamais vue", "unseen question"), tr("questions jamais vues", "unseen questions")),
        "train": (tr("question apprise mot pour mot", "question learnt word for word"),
                  tr("questions apprises mot pour mot", "questions learnt word for word")),
        "recall": (tr("question apprise, dite avec d'autres mots", "learnt question in other words"),
                   tr("questions apprises, dites avec d'autres mots", "learnt questions in other words")),
    }.get(split, (tr(f"question de la partie « {split} »", f"question of the split “{split}”"),
                  tr(f"questions de la partie « {split} »", f"questions of the split “{split}”")))  # fmt: skip
    return counted(count, one, many)


def conclusion(facts: Facts) -> list[str]:
    """Three to six sentences."""
    comparison = facts.comparison
    models = [side.model for side in comparison.evaluations if side.kind == "model" and side.model != comparison.main]
    told = [_beside_model(comparison, name) for name in sorted(models, key=lambda name: name != comparison.reference)]
    told += [_beside_baseline(comparison, side) for side in comparison.evaluations if side.kind != "model"]
    told += [*_copies(facts), *_without_near(facts)]
    compared = len(comparison.differences[comparison.main, comparison.reference])
    few = sample_told(facts.groups)
    told.append(
        tr(f"« Meilleur » veut dire ici plus proche de la réponse attendue, pas plus vrai ; et sur {compared} mesures "
           f"comparées, une sur vingt environ diffère par hasard seul{f' ({few})' if few else ''}.",
           f"“Better” means here nearer to the expected answer, not truer; and of {compared} measures compared, about "
           f"one in twenty differs by chance alone{f' ({few})' if few else ''}.")
    )  # fmt: skip
    return told


def limits(facts: Sequence[Facts]) -> list[str]:
    """What the numbers do and do not show, a sentence or two each."""
    first = facts[0].comparison
    longest = first.settings["sampling"]["max_new_tokens"]
    told = [
        tr("F1, BLEU, chrF et ROUGE mesurent la **ressemblance** avec une réponse attendue, pas la vérité : une réponse "
           "juste en d'autres mots y perd, une réponse fausse d'un seul mot (« ne … pas ») y perd à peine. Pour savoir si "
           "elles sont vraies, il faut les lire.",
           "F1, BLEU, chrF and ROUGE measure **likeness** to one expected answer, not truth: a right answer in other words "
           "loses, an answer that one word makes wrong (“not”) hardly does. Whether they are true, only reading tells."),
        tr("La perplexité dépend du découpage en jetons : elle ne se compare qu'à vocabulaire égal. Les bits par octet n'en "
           "dépendent pas. Toutes deux donnent au modèle le début de la bonne réponse et ne mesurent que la suite : un modèle "
           "peut y être bon et mal répondre seul.",
           "Perplexity depends on how text is cut into tokens: it compares models of one vocabulary only. Bits per byte do "
           "not. Both give the model the beginning of the right answer and measure what follows: a model may be good at that "
           "and answer badly alone."),
        tr("L'intervalle à 95 % dit ce que donneraient d'autres questions du même genre (des groupes de questions sont tirés "
           "de nouveau). Il ne dit pas ce que donnerait un autre entraînement : avec une autre graine, le modèle serait un "
           "autre.",
           "The 95% interval says what other questions of the same kind would give (groups of questions are drawn again). It "
           "does not say what another training would give: another seed makes another model."),
        tr("« Pas de différence montrée » ne veut pas dire « égaux » : avec plus de questions, une différence peut apparaître.",
           "“No difference shown” does not mean “equal”: with more questions a difference may appear."),
    ]  # fmt: skip
    if any(one.comparison.split == "train" for one in facts):
        told.append(
            tr("De bons résultats sur les questions apprises mot pour mot montrent de la mémoire, pas de la compréhension : "
               "seules les questions jamais vues disent ce que le modèle sait faire.",
               "Good results on questions learnt word for word show memory, not skill: only unseen questions say what the "
               "model can do.")
        )  # fmt: skip
    if any(side.kind != "model" for side in first.evaluations):
        told.append(
            tr(f"Les modèles sont coupés à {number(longest)} jetons ; la recherche (BM25) et la question recopiée n'ont pas "
               "de limite. Là où la réponse attendue est longue, cela avantage la recherche.",
               f"The models are cut at {number(longest)} tokens; looking up (BM25) and the copied question have no limit. "
               "Where the expected answer is long, that favours looking up.")
        )  # fmt: skip
    if first.settings["sampling"]["temperature"]:
        told.append(
            tr("Les réponses sont tirées au sort, une fois, avec une seule graine : un autre tirage donnerait d'autres réponses.",
               "The answers were sampled once, with one seed: another draw would give other answers.")
        )  # fmt: skip
    told.append(
        tr("Les durées sont celles de cette machine, avec tout ce qu'elle faisait d'autre : elles ne disent rien de la qualité "
           "et ne se comparent pas d'une machine à l'autre.",
           "Timings are those of this machine, with all that it did besides: they say nothing of quality and do not compare "
           "from one machine to another.")
    )  # fmt: skip
    return [*told, *_left_out(facts), *_small(facts)]


def _beside_model(comparison: Comparison, other: str) -> str:
    found = _verdicts(comparison, other, MAIN)
    asked = asked_told(comparison.split, comparison.questions)
    main, beside = code(comparison.main), code(other)
    generic = other == comparison.reference
    beside = tr(f"modèle générique ({beside})" if generic else f"modèle {beside}",
                f"generic model ({beside})" if generic else f"model {beside}")  # fmt: skip
    told = {}
    for kind in ("better", "worse", "unsure"):
        names = [name for name, one in found.items() if one == kind]
        if names:
            names.sort(key=lambda name: LEADING.index(name) if name in LEADING else len(LEADING))
            told[kind] = _listed([_with_numbers(comparison, other, name) for name in names])
    if told.keys() == {"unsure"}:
        return tr(f"Sur {asked}, les données ne montrent **aucune différence** entre le modèle spécialisé ({main}) et le "
                  f"{beside} pour {told['unsure']}.",
                  f"On {asked}, the data show **no difference** between the specialised model ({main}) and the {beside} by "
                  f"{told['unsure']}.")  # fmt: skip
    clauses = {
        "better": tr("il est **meilleur** pour ", "it is **better** by "),
        "worse": tr("il est **moins bon** pour ", "it is **worse** by "),
        "unsure": tr("aucune différence n'est montrée pour ", "no difference is shown by "),
    }
    joined = tr(" ; ", "; ").join(clauses[kind] + names for kind, names in told.items())
    joined = joined.removeprefix(tr("il ", "it "))  # the model, which the sentence begins with
    return tr(f"Sur {asked}, le modèle spécialisé ({main}), à côté du {beside}, {joined}.",
              f"On {asked}, the specialised model ({main}), beside the {beside}, {joined}.")  # fmt: skip


def _beside_baseline(comparison: Comparison, side: Evaluation) -> str:
    found = list(_verdicts(comparison, side.model, (*OF_LABELS, *LIKENESS)).values())
    better, worse = found.count("better"), found.count("worse")
    leading = next(name for name in LEADING if name in comparison.measures[side.model])
    numbers = _with_numbers(comparison, side.model, leading)
    looked_up = side.kind == "bm25"
    what = tr(
        "chercher la réponse la plus proche dans les données d'entraînement", "looking up the nearest training answer"
    )
    if not looked_up:
        what = tr("recopier la question", "copying the question")
    counts = tr(f"meilleur sur {better}, moins bon sur {worse}, de {len(found)} mesures de ressemblance ; {numbers}",
                f"better by {better}, worse by {worse}, of {len(found)} measures of likeness; {numbers}")  # fmt: skip
    if 2 * worse > len(found):
        return tr(f"**Pour ces questions, {what} fait mieux que le modèle.** Le modèle est {counts}.",
                  f"**For these questions, {what} does better than the model.** The model is {counts}.")  # fmt: skip
    if 2 * better > len(found):
        return tr(f"Le modèle fait mieux que {what} : {counts}.", f"The model does better than {what}: {counts}.")
    return tr(f"Rien ne montre que le modèle fasse mieux que {what} : {counts}.",
              f"Nothing shows that the model does better than {what}: {counts}.")  # fmt: skip


def _copies(facts: Facts) -> list[str]:
    """Nothing for a set of labels, all of whose right answers stand in training; else always of how many it is a share."""
    copied = facts.comparison.measures[facts.comparison.main].get("copied")
    if copied is None or facts.labels:
        return []
    count, of = round(copied.value * copied.dialogues), copied.dialogues
    answers = counted(of, tr("réponse", "answer"), tr("réponses", "answers"))
    other = facts.comparison.questions - of
    aside = tr(f" ; les {number(other)} autres, plus courtes, ne comptent pas" if other > 1 else " ; l'autre, plus courte, ne compte pas",
               f"; the {number(other)} others, shorter, do not count" if other > 1 else "; the other, shorter, does not count")  # fmt: skip
    return [
        tr(f"Copies d'une réponse apprise, à neuf dixièmes : au moins {number(count)} de {answers} ({share_told(copied)}), de "
           f"celles d'au moins quatre mots ou égales à une réponse apprise{aside if other else ''}. C'est un minimum : chacune "
           f"n'est comparée qu'aux {CANDIDATES} apprises que BM25 trouve les plus proches.",
           f"Copies of a training answer, by nine tenths: at least {number(count)} of {answers} ({share_told(copied)}), of those "
           f"of four words or more or equal to a learnt one{aside if other else ''}. That is a least number: each is compared "
           f"only with the {CANDIDATES} learnt ones that BM25 finds nearest.")
    ]  # fmt: skip


def _without_near(facts: Facts) -> list[str]:
    """Only where it changes what can be said, or where no question is left."""
    found = facts.contamination
    if found and len(found.either) == found.questions:
        return [all_near_told()]
    name = "accuracy" if facts.labels else "token_f1"
    gap = found.gaps.get(name) if found else None
    if not found or not gap or gap[0].shown == gap[1].shown:
        return []
    count = len(found.either)
    near = f"{number(count)} question" if count == 1 else f"{number(count)} questions"
    after = tr("est montrée", "is shown") if gap[1].shown else tr("n'est plus montrée", "is no longer shown")
    return [
        tr(f"Sans {'la' if count == 1 else 'les'} {near} dont l'entraînement a vu presque la pareille, la différence de "
           f"« {label_of(name)} » avec le générique {after}.",
           f"Without the {near} of which training saw nearly the like, the difference of “{label_of(name)}” to the "
           f"generic one {after}.")
    ]  # fmt: skip


def all_near_told() -> str:
    """Where every question asked has a neighbour in training."""
    return tr("Toutes ces questions ont une voisine dans l'entraînement : elles ne disent rien du reste.",
              "All of these questions have a neighbour in training: they say nothing of others.")  # fmt: skip


def _verdicts(comparison: Comparison, other: str, names: Sequence[str]) -> dict[str, Verdict]:
    gaps = comparison.differences[comparison.main, other]
    return {name: verdict(name, gaps[name]) for name in names if name in gaps}


def _with_numbers(comparison: Comparison, other: str, name: str) -> str:
    """A measure; those that lead with both values, the difference and its interval; all with what they were measured on,
    where that is not what was asked: expected answers are scored for more dialogues than are answered."""
    label = _in_sentence(label_of(name))
    measured = comparison.measures[comparison.main][name].dialogues
    on = ""
    if measured != comparison.questions:
        on = tr("sur ", "on ") + counted(measured, "question", "questions")
    if name not in LEADING:
        return f"{label} ({on})" if on else label
    digits, gap = MEASURES[name].digits, comparison.differences[comparison.main, other][name]
    one, two = (number(comparison.measures[side][name].value, digits) for side in (comparison.main, other))
    versus = tr("contre", "versus")
    return f"{label} ({one} {versus} {two}, {tr('écart', 'difference')} {gap_told(gap, digits)}{on and ', ' + on})"


def _in_sentence(label: str) -> str:
    """Étiquette juste (part) → étiquette juste; BLEU and F1 des mots stay."""
    label = label.partition(" (")[0]
    return label[0].lower() + label[1:] if label[1].islower() else label


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + tr(" et ", " and ") + names[-1]


def _left_out(facts: Sequence[Facts]) -> list[str]:
    told = []
    for one in facts:
        if count := one.comparison.left_out:
            told.append(
                tr(f"Partie « {one.comparison.split} » : {number(count)} question(s) trop longues pour le contexte d'un des "
                   "modèles ne sont comptées pour aucun.",
                   f"Split “{one.comparison.split}”: {number(count)} question(s) too long for the context of one of the models "
                   "count for none.")
            )  # fmt: skip
        cut = {side.model: side.scored_cut for side in one.comparison.evaluations if side.scored_cut}
        if cut:
            listed = ", ".join(f"{code(name)} {number(count)}" for name, count in cut.items())
            told.append(
                tr(f"Partie « {one.comparison.split} » : réponses attendues coupées par le contexte avant d'être notées "
                   f"(perplexité, bits par octet) : {listed}. Ne comptent que celles dont tous les modèles ont lu autant.",
                   f"Split “{one.comparison.split}”: expected answers cut by the context before being scored (perplexity, bits "
                   f"per byte): {listed}. Only those of which all models read the same count.")
            )  # fmt: skip
    return told


def _small(facts: Sequence[Facts]) -> list[str]:
    few = [(one.comparison.split, words) for one in facts if (words := sample_told(one.groups))]
    return [tr(f"Partie « {split} » : {words}.", f"Split “{split}”: {words}.") for split, words in few]
