"""Fifty readers at once, over real HTTP: everybody gets the answer to their own question, and nothing is left behind."""

import asyncio
import gc
import os
from pathlib import Path

import httpx
import pytest

from app.page.content import PageContent
from app.page.drawing import escaped
from app.page.guard import Guard
from app.page.limits import Limits, allowance_of
from app.page.serve import build_page
from chatbot.dialogue import user
from chatbot.sampling import Sampling
from chatbot.stream import WAITING
from tests.app.served import at_rest
from tests.app.visitors import HERE, Visitor, guarded
from tests.gate import PATIENCE, until

READERS, VALUES = 50, (0.0, 1.0, 0, 1.0, 12)
LAYERS = [(Guard, {"hosts": HERE}), (Limits, {"allowance": allowance_of(0)})]
QUESTIONS = [f"Question {number} : où est ma commande ?" for number in range(READERS)]


@pytest.fixture(scope="module")
def page(chat):
    return build_page(PageContent(chat=chat, sampling=Sampling(max_new_tokens=12)))


@pytest.fixture(scope="module")
def alone(chat):
    """Each question's answer, asked when nobody else is there."""
    sampling = Sampling(max_new_tokens=12)
    return [escaped(chat.reply([user(question)], sampling).text())["text"] for question in QUESTIONS]


def client_of(address):
    """Without a bound to how many connections it opens at once."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(base_url=address, timeout=4 * PATIENCE, limits=limits)


def round_of(address, page, questions=QUESTIONS):
    """What each visitor is shown in the end, all asking at once."""

    async def whole():
        async with client_of(address) as client:
            visitors = [Visitor(client, page, VALUES) for _ in questions]
            return await asyncio.gather(*(each.ask(text) for each, text in zip(visitors, questions, strict=True)))

    return [shown for shown, _ in asyncio.run(whole())]


def conversation(shown):
    return [message["content"][0]["text"] for message in shown[0]]


@pytest.fixture(scope="module")
def address(page):
    with guarded(page, LAYERS) as address:
        yield address


def test_everybody_gets_the_answer_to_their_own_question(address, page, chat, alone):
    for shown, question, answer in zip(round_of(address, page), QUESTIONS, alone, strict=True):
        assert [text.strip() for text in conversation(shown)] == [question, answer.strip()]
    until(lambda: at_rest(chat), "coming to rest")


def test_who_finds_the_line_full_is_told_so_and_nobody_is_forgotten(address, page, chat, gate, alone):
    """The model stands still until all have asked: who is not refused at once gets an answer."""
    gate.let(0)

    async def whole():
        async with client_of(address) as client:
            visitors = [Visitor(client, page, VALUES) for _ in range(2 * READERS)]
            waiting, refused = [], []
            for number, visitor in enumerate(visitors):
                question = QUESTIONS[number % READERS]
                asked = await visitor.at_once(visitor.ask_event, [None, question, *VALUES])
                if "Trop de questions à la fois" in str(asked.json()["data"][2]):
                    refused.append(visitor)
                    continue
                joined = await visitor.join(visitor.listen_event, [None])
                assert joined.is_success, joined.text
                waiting.append((number % READERS, visitor))
            gate.let()
            shown = await asyncio.gather(*(visitor.heard() for _, visitor in waiting))
            return refused, [(number, each) for (number, _), each in zip(waiting, shown, strict=True)]

    refused, heard = asyncio.run(whole())
    assert len(refused) == 2 * READERS - WAITING - chat.at_once
    for number, shown in heard:
        assert [text.strip() for text in conversation(shown)] == [QUESTIONS[number], alone[number].strip()]
    until(lambda: at_rest(chat), "coming to rest")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the process's memory where Linux tells it")
def test_what_readers_leave_behind_is_bounded(address, page, chat):
    """Gradio keeps a reader's state for an hour after they left: of each conversation something stays, but little."""

    def held():
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024

    round_of(address, page)
    before, some = held(), QUESTIONS[:20]
    for _ in range(3):
        round_of(address, page, some)
    until(lambda: at_rest(chat), "coming to rest")
    each = (held() - before) / (3 * len(some))
    print(f"{each:.0f} KiB stay per conversation")
    assert each < 400
