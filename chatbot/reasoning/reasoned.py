"""ReasonedChat: the reasoning layer around a model, itself something to talk to.

Categorise → conversation → entities → approach at once, then the model where the approach asks it, then consistency.
What a later question's prompt holds of this one is what the reader saw, less the warnings that the domain adds to answers:
the model is given its own words again. Where its words were replaced it is given the text that took their place.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

from chatbot.chat import Answer, Chat, Reply
from chatbot.dialogue import Message
from chatbot.language import current_language, speaking, tr
from chatbot.reasoning.approach import Decision, Found, decided
from chatbot.reasoning.consistency import Answered, Checked, checked
from chatbot.reasoning.conversation import Conversation, conversation_of, in_words, with_topic, without_greeting
from chatbot.reasoning.domain import Domain
from chatbot.reasoning.entities import entities_of
from chatbot.reasoning.fitting import Fitting
from chatbot.reasoning.layers import beneath as beneath
from chatbot.reasoning.sources import Sources
from chatbot.reasoning.themes import Themes
from chatbot.reasoning.thought import Entity, Source, Thought
from chatbot.sampling import Sampling
from chatbot.session import followed

READ = 4_000  # characters of a question that are thought about; the model is given it whole
SCORES = 3  # categories whose scores are told
LONGEST_SOURCE = 700  # characters of a source that are put before a question
PIECE = 24  # characters of a text of the domain that are shown at once, about
APART = "\n\n"  # between an answer and what the domain adds to it


class ReasonedChat:
    """A chat whose requests are thought about first, and whose answers are checked; conversations share it.

    Args:
        chat: whom the approach asks.
        domain: what it thinks with.
        sources: nearest texts, if there are any.
    """

    def __init__(self, chat: Chat, domain: Domain, sources: Sources | None = None):
        self.chat, self.domain, self.sources = chat, domain, sources
        self._themes = Themes(domain)

    def around(self, chat: Chat) -> "ReasonedChat":
        """The same thoughts around another model: what was learnt of the domain, and its sources, are shared."""
        other = copy(self)
        other.chat = chat
        return other

    @property
    def name(self) -> str:
        return self.chat.name

    @property
    def context(self) -> int | None:
        return self.chat.context

    @property
    def parameters(self) -> int | None:
        return self.chat.parameters

    @property
    def exchanges(self) -> int | None:
        """None: all of a conversation is read here; the model gets the end that it can follow."""
        return None

    @property
    def at_once(self) -> int:
        return self.chat.at_once

    def warm_up(self) -> None:
        """Loads scikit-learn and the language's model, so that the first question does not wait for them."""
        self.think([Message(role="user", content="Bonjour, qui êtes-vous au juste ?")])

    def reply(self, messages: Sequence[Message], sampling: Sampling | None = None, *, likely: int = 0) -> Reply:
        """Streams the answer to the last message; its `thought` is there at once, its findings in the end.

        Args:
            messages: the whole conversation, the last message the user's.
            sampling: how the model's tokens are chosen; greedy by default.
            likely: see `Chat.reply`.

        Raises:
            CausetteError: it cannot be answered; also while iterating.
        """
        if not messages or not messages[-1].content.strip():
            return self._asked(messages, sampling, likely)  # the model says what is wrong with it
        began = time.perf_counter()
        thought, decision, conversation = self._thought(messages)
        if decision.text:
            return _spoken(decision.text, thought, began)
        reply = self._given(messages, thought, sampling, likely)
        reply.answer.thought = thought
        return Reply(self._checked(reply, messages, conversation, current_language()), reply.answer, reply.cancel)

    def think(self, messages: Sequence[Message]) -> Thought:
        """Steps 1 to 4 alone; nobody is asked."""
        return self._thought(messages)[0]

    def own_words(self, text: str) -> str:
        """An answer without what the domain has added to it."""
        endings = [APART + ending.strip() for ending in self._additions()]
        while ending := next((ending for ending in endings if text.endswith(ending)), ""):
            text = text.removesuffix(ending)
        return text

    def _thought(self, messages: Sequence[Message]) -> tuple[Thought, Decision, Conversation]:
        question, history = messages[-1].content[:READ], [m for m in messages[:-1] if m.role != "system"]
        categorised = self._themes.of(without_greeting(question))
        conversation = with_topic(
            conversation_of(question, history), question, categorised.name, lambda text: self._themes.of(text).name
        )
        if conversation.before and not categorised.name:  # "Et pour la Suisse ?" belongs to what it follows
            categorised = replace(self._themes.of(conversation.before), score=categorised.score)
        entities = self._entities(question, conversation)
        sources = self._near(question, conversation)
        found = Found(categorised=categorised, conversation=conversation, entities=entities, sources=sources)
        decision = self._within_reach(decided(self.domain, found))
        return self._told(found, decision), decision, conversation

    def _within_reach(self, decision: Decision) -> Decision:
        """A small model that is given texts repeats them or loses its way: it answers alone, and that is said."""
        size = self.chat.parameters
        if decision.approach != "model_with_sources" or size is None or size >= self.domain.sources.smallest_model:
            return decision
        reason = tr(f"{decision.reason} (mais ce modèle est trop petit pour s'appuyer sur des textes : il répond seul)",
                    f"{decision.reason} (but this model is too small to lean on texts: it answers alone)")  # fmt: skip
        return replace(decision, approach="model", reason=reason)

    def _told(self, found: Found, decision: Decision) -> Thought:
        language, best = current_language(), found.categorised
        titles = {category.name: category.title.said(language) for category in self.domain.categories}
        return Thought(
            domain=self.domain.title.said(language),
            category=best.name,
            category_label=titles.get(best.name, ""),
            scores={titles[name]: round(score, 3) for name, score in list(best.scores.items())[:SCORES]},
            themes=best.words,
            conversation=in_words(found.conversation),
            entities=tuple(found.entities),
            approach=decision.approach,
            reason=decision.reason,
            sources=tuple(found.sources),
        )

    def _entities(self, question: str, conversation: Conversation) -> tuple[Entity, ...]:
        """Those of the question; where it leans on the one before, that one's after them, for kinds not named anew."""
        mine = entities_of(self.domain, question, current_language())
        if "follow_up" not in conversation.states:
            return mine
        named = {entity.kind for entity in mine}
        earlier = entities_of(self.domain, conversation.before[:READ], current_language())
        return (*mine, *(entity for entity in earlier if entity.kind not in named))

    def _near(self, question: str, conversation: Conversation) -> tuple[Source, ...]:
        if self.sources is None:
            return ()
        wanted = f"{conversation.before[:READ]} {question}" if "refers" in conversation.states else question
        return self.sources.near(wanted, self.domain.sources)

    def _given(self, messages: Sequence[Message], thought: Thought, sampling: Sampling | None, likely: int) -> Reply:
        """Asks the model, with as many sources before the question as it has room for; `thought.given` is what it got."""
        system = [message for message in messages[:1] if message.role == "system"]
        history = [self._as_said(message) for message in messages[len(system) : -1]]
        before, question = [*system, *followed(self.chat, history)], messages[-1]
        wanted = thought.sources[: self.domain.sources.given] if thought.approach == "model_with_sources" else ()
        texts = [_shortened(source.text) for source in wanted]
        contexts = ["\n\n".join(filter(None, (question.context, *texts[:count]))) for count in range(len(texts), 0, -1)]
        questions = [*(replace(question, context=context) for context in contexts), question]

        def tried(prompt: list[Message]) -> None:
            thought.given = tuple(prompt)

        prompts = [[*before, asked] for asked in questions]
        return Fitting(lambda prompt: self._asked(prompt, sampling, likely), prompts, tried).reply()

    def _asked(self, messages: Sequence[Message], sampling: Sampling | None, likely: int) -> Reply:
        if likely:
            return self.chat.reply(messages, sampling, likely=likely)
        return self.chat.reply(messages, sampling)

    def _as_said(self, message: Message) -> Message:
        own = self.own_words(message.content) if message.role == "assistant" else message.content
        return message if own == message.content else replace(message, content=own)

    def _checked(
        self, reply: Reply, messages: Sequence[Message], conversation: Conversation, language: str
    ) -> Iterator[str]:
        """The model's pieces, then what step 5 makes of them; an answer given up stays as far as it came."""
        answer = reply.answer
        yield from reply
        with speaking(language):  # whoever iterates, the reader's own
            outcome = self._outcome(answer, messages, conversation)
        if outcome is None:
            return
        after = self._after(answer, outcome, conversation)
        assert answer.thought is not None
        answer.thought.findings = outcome.findings
        if outcome.instead is not None:
            answer.thought.own, answer.thought.replaced = answer.text, True
            answer.text = outcome.instead
            yield ""  # the text is another one now: who shows it looks once more
        elif after:
            answer.thought.own = answer.text
            answer.text += after
            yield after

    def _outcome(self, answer: Answer, messages: Sequence[Message], conversation: Conversation) -> Checked | None:
        thought = answer.thought
        if thought is None or answer.finish == "cancelled":
            return None
        told = [message.content + "\n" + message.context for message in messages]
        near = [f"{source.question}\n{source.text}" for source in thought.sources]
        answered = Answered(
            text=answer.text,
            language=conversation.language,
            entities=thought.entities,
            read="\n".join([*told, *near]),
            sourced=bool(near),
        )
        return checked(self.domain, answered)

    def _after(self, answer: Answer, outcome: Checked, conversation: Conversation) -> str:
        """What is added to the answer: cautions, then the domain's notice, unless there is no answer at all."""
        language = self.domain.spoken(conversation.language)
        notice = self.domain.notice.said(language).strip() if self.domain.notice and answer.text.strip() else ""
        return "".join(APART + text for text in (*outcome.after, notice) if text)

    def _additions(self) -> list[str]:
        """All texts that the domain may add to an answer."""
        appended = [check for check in self.domain.checks if check.then == "append"]
        added = [text for check in appended for text in (check.text, check.without_sources)]
        return [version for text in (*added, self.domain.notice) if text for version in text.versions]


def _spoken(text: str, thought: Thought, began: float) -> Reply:
    """A text of the domain, in a few pieces."""
    answer, stopped = Answer(thought=thought, finish="cancelled"), threading.Event()

    def pieces() -> Iterator[str]:
        for piece in pieces_of(text):
            if stopped.is_set():
                return
            answer.text += piece
            answer.seconds = time.perf_counter() - began
            answer.first_seconds = answer.first_seconds or answer.seconds
            yield piece
        if not stopped.is_set():
            answer.finish = "domain"
            thought.findings = ()

    return Reply(pieces(), answer, stopped.set)


def pieces_of(text: str) -> Iterator[str]:
    """The text in pieces of whole words."""
    start = 0
    while start < len(text):
        end = text.find(" ", start + PIECE)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end


def _shortened(text: str) -> str:
    """A source's beginning, up to the end of a sentence where there is one."""
    if len(text) <= LONGEST_SOURCE:
        return text
    cut = text[:LONGEST_SOURCE]
    end = max(cut.rfind(sign) for sign in (". ", "! ", "? ", "\n"))
    return cut[: end + 1] if end > LONGEST_SOURCE // 3 else cut.rsplit(" ", 1)[0] + "…"
