"""Domain: what a team tells the reasoning layer in one YAML file, without touching code.

Users read the lines under the fields in the guide, so they are French. `load_domain` reads a file; what is wrong in it is
told with its line.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from chatbot.language import typeset

Language = Literal["fr", "en"]
State = Literal[
    "first", "follow_up", "new_topic", "refers", "repeated", "angry", "polite", "greeting", "thanks"
]  # fmt: skip
Kind = Literal["amount", "date", "email", "phone", "article", "pattern", "list"]
Score = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


def _listed(value: Any) -> Any:
    """One text may stand for a list of one."""
    return [value] if isinstance(value, str) else value


def _described(value: Any) -> Any:
    """A list of names has no other spellings."""
    return {name: [] for name in value} if isinstance(value, list) and _all_texts(value) else value


def _all_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Text(_Part):
    fr: str = ""
    """Le texte français."""
    en: str = ""
    """Le texte anglais."""

    @model_validator(mode="before")
    @classmethod
    def _one_for_both(cls, value: Any) -> Any:
        return {"fr": value, "en": value} if isinstance(value, str) else value

    def said(self, language: str) -> str:
        """In that language, or in the other one where it has none; French with its no-break blanks."""
        text = ((self.en or self.fr) if language == "en" else (self.fr or self.en)).strip()
        return text if text == self.en != self.fr else typeset(text)

    @property
    def versions(self) -> tuple[str, ...]:
        """What `said` can give."""
        return tuple(dict.fromkeys(filter(None, (self.said("fr"), self.said("en")))))


class Value(_Part):
    fr: str = ""
    """Ce que lit un lecteur français ; par défaut, son nom."""
    en: str = ""
    """Ce que lit un lecteur anglais ; par défaut, la même chose. Ces deux-là ne sont pas cherchés dans les questions."""
    also: Names = ()
    """Ses autres écritures, cherchées dans les questions comme son nom."""

    @model_validator(mode="before")
    @classmethod
    def _spellings_alone(cls, value: Any) -> Any:
        return {"also": value} if isinstance(value, (str, list)) else value

    def said(self, name: str, language: str) -> str:
        """For the reader."""
        return Text(fr=self.fr or name, en=self.en).said(language)


class Category(_Part):
    name: Name
    """Son nom dans les règles : minuscules sans accent, chiffres et _."""
    title: Text
    """Son nom pour le lecteur."""
    keywords: tuple[str, ...] = ()
    """Mots ou suites de mots qui la trahissent ; « rembours* » vaut pour remboursé, remboursement…"""
    examples: Annotated[tuple[str, ...], Field(min_length=1)]
    """Questions d'exemple, d'où vient son thème ; cinq au moins donnent quelque chose d'utile."""


class EntityRule(_Part):
    name: Name
    """Son nom dans les règles et entre accolades dans les textes."""
    title: Text
    """Son nom pour le lecteur."""
    type: Kind
    """amount, date, email, phone, article (de loi), pattern (un motif à vous) ou list (une liste à vous)."""
    pattern: str = ""
    """Pour pattern : une expression régulière ; son premier groupe, s'il y en a un, est la valeur."""
    values: Annotated[dict[str, Value], BeforeValidator(_described)] = {}
    """Pour list : les valeurs, chacune avec la liste de ses autres écritures, ou avec son nom anglais (en) et elles (also)."""


class Reply(_Part):
    text: Text
    """Le texte ; {nom} y est remplacé par l'entité de ce nom."""
    fallback: Text | None = None
    """Le texte à dire quand une de ces entités manque."""

    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        alone = isinstance(value, str) or (isinstance(value, dict) and value and set(value) <= {"fr", "en"})
        return {"text": value} if alone else value


class When(_Part):
    category: Names = ()
    """Une de ces catégories."""
    min_score: Score | None = None
    """Score de la catégorie, au moins."""
    max_score: Score | None = None
    """Score de la catégorie, au plus."""
    present: Names = ()
    """Toutes ces entités sont nommées."""
    absent: Names = ()
    """Aucune de ces entités n'est nommée."""
    impossible: Names = ()
    """Une de ces entités est nommée, mais ne peut pas exister (31/02/2026)."""
    sources: Literal["near", "none"] | None = None
    """near : une source proche existe ; none : aucune."""
    state: Annotated[tuple[State, ...], BeforeValidator(_listed)] = ()
    """Un de ces états de la conversation : first, follow_up, new_topic, refers, repeated, angry, polite, greeting, thanks."""
    language: Language | None = None
    """Langue de la question."""
    min_turns: Annotated[int, Field(ge=0)] | None = None
    """Questions posées avant celle-ci, au moins."""


class Rule(_Part):
    name: Text
    """Son nom, montré au lecteur avec la décision."""
    when: When = When()
    """Les conditions ; toutes doivent être remplies. Sans condition, la règle vaut toujours."""
    approach: Literal["template", "model", "model_with_sources", "ask_back", "decline"]
    """Réponse par un texte (template), par le modèle (model, model_with_sources), question en retour (ask_back) ou
    renvoi vers une personne (decline)."""
    answer: str = ""
    """Le texte de `answers` à dire ; seulement sans le modèle."""


class Check(_Part):
    check: Literal["language", "empty", "loops", "contradiction", "numbers", "phrases"]
    """language, empty, loops (répétitions), contradiction (une autre entité que dans la question), numbers (nombres
    qui ne sont nulle part) ou phrases (formules à ne pas dire)."""
    name: Text = Text()
    """Son nom pour le lecteur ; par défaut celui de la vérification."""
    then: Literal["tell", "append", "replace"] = "tell"
    """Si elle échoue : le dire seulement (tell), ajouter `text` à la réponse (append) ou le dire à sa place (replace)."""
    text: Text | None = None
    """Le texte prudent."""
    without_sources: Text | None = None
    """Le même quand aucune source n'est proche ; par défaut, `text`."""
    entities: Names = ()
    """Pour contradiction : les entités comparées ; toutes par défaut."""
    phrases: Names = ()
    """Pour phrases : expressions régulières, cherchées phrase par phrase."""
    words: Annotated[int, Field(ge=1, le=20)] = 4
    """Pour loops : longueur de la suite de mots."""
    times: Annotated[int, Field(ge=2, le=20)] = 3
    """Pour loops : nombre de fois à partir duquel elle tourne en rond."""

    def title(self, language: str) -> str:
        return self.name.said(language) or self.check

    def said(self, language: str, *, sourced: bool) -> str:
        """The cautious text; empty where there is none."""
        text = self.text if sourced else self.without_sources or self.text
        return text.said(language) if text else ""


class SourceOptions(_Part):
    shown: Annotated[int, Field(ge=0, le=10)] = 3
    """Sources proches montrées, au plus."""
    given: Annotated[int, Field(ge=1, le=10)] = 1
    """Sources mises devant la question, au plus, quand la règle le demande."""
    coverage: Score = 0.6
    """Part des mots de la question, pesés par leur rareté, qu'une source doit contenir pour être dite proche."""
    smallest_model: Annotated[int, Field(ge=0)] = 500_000_000
    """Paramètres à partir desquels un modèle reçoit des sources devant la question ; plus petit, il les répète ou s'y
    perd, et répond seul."""


class Domain(_Part):
    title: Text
    """Le nom du domaine."""
    description: Text = Text()
    """Une phrase pour le lecteur."""
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("fr", "en")
    """Langues des textes ; la première sert quand la question est dans une autre."""
    threshold: Score = 0.2
    """Score à partir duquel une catégorie est retenue."""
    categories: tuple[Category, ...] = ()
    """Les catégories de questions."""
    entities: tuple[EntityRule, ...] = ()
    """Ce qu'il faut reconnaître dans une question."""
    answers: dict[str, Reply] = {}
    """Les textes tout faits, par nom."""
    rules: tuple[Rule, ...] = ()
    """La façon de répondre : la première règle qui convient ; sans aucune, le modèle répond."""
    checks: tuple[Check, ...] = ()
    """Les vérifications de la réponse du modèle."""
    notice: Text | None = None
    """Avertissement ajouté à chaque réponse du modèle."""
    sources: SourceOptions = SourceOptions()
    """Les sources proches."""

    def spoken(self, language: str) -> str:
        """The language that this domain answers in."""
        return language if language in self.languages else self.languages[0]
