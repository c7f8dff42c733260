"""The models of a page: opened when they are asked for, closed when there is no room, never under their readers."""

import shutil
import threading
from pathlib import Path

import pytest

from app.generic import generic_of
from app.model_shelf import ModelShelf
from chatbot.dialogue import user
from chatbot.errors import BusyError, InputError, WorldError
from chatbot.runner import ChatModel
from chatbot.sampling import Sampling
from tests.gate import until

QUESTION = [user("Où est ma commande ?")]
SAMPLING = Sampling(max_new_tokens=24)


def test_a_day_of_a_shelf(tiny_model, tiny_preset, tmp_path):
    """One story, for each start takes seconds."""
    here, said = ChatModel(tiny_model), []
    expected = here.reply(QUESTION, SAMPLING).text()
    late = tmp_path / "late"
    others = {"autre": str(tiny_preset), "tardif": str(late)}
    with ModelShelf("principal", here, others, most=2, sampling=SAMPLING, say=said.append) as shelf:
        assert shelf.names == ["principal", "autre", "tardif"]
        assert shelf.is_ready("principal") and shelf.open("principal") is here
        assert not shelf.is_ready("autre") and not shelf.is_ready("inconnu")
        with pytest.raises(InputError, match="inconnu"):
            shelf.open("inconnu")
        with pytest.raises(InputError, match="principal"):
            shelf.add("principal", str(tiny_preset))

        opened = opened_by_many(shelf, "autre")  # one start for all who ask
        assert len(said) == 1 and shelf.is_ready("autre")
        other = opened[0]
        assert (other.name, other.context, other.parameters) == (str(tiny_preset), here.context, here.parameters)
        assert other.reply(QUESTION, SAMPLING, likely=1).text() == expected

        reply = other.reply(QUESTION, SAMPLING)  # somebody reads: no room is made
        with pytest.raises(BusyError, match="Réessayez"):
            shelf.open("tardif")
        assert reply.text() == expected
        left = other.reply(QUESTION, SAMPLING)
        del left, reply  # who never reads his answer is no reader either

        first = process_of(shelf, "autre")
        for _ in range(2):
            with pytest.raises(InputError, match="late"):  # in its own words, and again
                shelf.open("tardif")
        assert not Path(f"/proc/{first.pid}").exists() and "pour faire de la place" in " ".join(said)
        shutil.copytree(tiny_preset, late)
        assert shelf.open("tardif").reply(QUESTION, SAMPLING).text() == expected
        second = process_of(shelf, "tardif")

        reply = other.reply(QUESTION, SAMPLING)  # it was closed: it is started again, and the other one is closed
        assert next(reply.pieces) and second.state == "closed" and not shelf.is_ready("tardif")
        third = process_of(shelf, "autre")
        shelf.add("autre", str(late))  # fine-tuned anew; the answer that is being read ends as it began
        assert shelf.names == ["principal", "autre", "tardif"] and not shelf.is_ready("autre")
        assert third.state == "ready" and reply.text() == expected
        until(lambda: third.state == "closed", "closing what nobody reads")
    with pytest.raises(WorldError, match="s'arrête"):
        shelf.open("autre")
    assert here.reply(QUESTION, SAMPLING).text() == expected  # it is its owner's


def opened_by_many(shelf, name):
    opened = []
    callers = [threading.Thread(target=lambda: opened.append(shelf.open(name))) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(120)
    assert len(opened) == 3
    return opened


def process_of(shelf, name):
    return shelf._places[name].process


def test_no_room_for_any_other():
    with pytest.raises(ValueError, match="most"):
        ModelShelf("principal", None, most=1)


def test_the_generic_model_of_a_run(tmp_path):
    assert generic_of("mini") is None and generic_of(str(tmp_path)) is None
    (tmp_path / "config.yaml").write_text("model: mini\n")
    assert generic_of(str(tmp_path)) is None  # unfinished
