"""Who sees what on which side: the balance of a person, that of a question, and how votes spread."""

import random
from statistics import mean

import pytest

from app.feedback.blind import BLOCK, Candidate, main_is_left, next_question


class Test:
    """A user test in memory: who was shown what, on which side of them the main model stood."""

    __test__ = False

    def __init__(self, questions, flip):
        self.questions, self.flip = questions, flip
        self.seen = {}  # (person, question) → whether the main model was on the left

    def show(self, person):
        candidates = []
        for place in range(self.questions):
            sides = [left for (_, question), left in self.seen.items() if question == f"q{place}"]
            candidates.append(
                Candidate(id=f"q{place}", place=place, shown=len(sides), main_left=sum(sides),
                          seen=(person, f"q{place}") in self.seen)
            )  # fmt: skip
        chosen = next_question(candidates, f"person {person}", person % 2, self.flip)
        if chosen:
            assert (person, chosen.id) not in self.seen
            self.seen[person, chosen.id] = main_is_left(person % 2, chosen.place, self.flip)
        return chosen

    def sides_of_person(self, person):
        return [left for (who, _), left in self.seen.items() if who == person]

    def counts(self):
        return [sum(question == f"q{place}" for _, question in self.seen) for place in range(self.questions)]

    def lean(self, place):
        """How much more often the main model stood on the left than on the right, for one question."""
        return sum(1 if left else -1 for (_, question), left in self.seen.items() if question == f"q{place}")


@pytest.mark.parametrize("questions", [1, 2, 5, 8])
@pytest.mark.parametrize("persons", [1, 2, 5, 20])
@pytest.mark.parametrize("flip", [0, 1])
def test_persons_and_questions_are_balanced_when_all_answer_all(questions, persons, flip):
    test = Test(questions, flip)
    for person in range(persons):
        while test.show(person):
            sides = test.sides_of_person(person)
            assert abs(2 * sum(sides) - len(sides)) <= 1  # at every moment
    assert test.counts() == [persons] * questions
    assert all(abs(test.lean(place)) <= 1 for place in range(questions))


def test_everybody_begins_with_the_same_questions():
    """Three persons judge questions in common, even those who stop after five of sixty; one who goes on sees the rest."""
    early = Test(60, 0)
    for person in range(3):
        for _ in range(5):
            early.show(person)
    assert sum(count > 1 for count in early.counts()) >= 3
    test = Test(60, 0)
    for person in range(3):
        for _ in range(10):
            test.show(person)
    counts = test.counts()
    assert sum(counts[:BLOCK]) == 30 and max(counts) >= 2
    while test.show(0):
        sides = test.sides_of_person(0)
        assert abs(2 * sum(sides) - len(sides)) <= 1
    assert len(test.sides_of_person(0)) == 60


def test_persons_who_answer_at_once_and_stop_early():
    """The balance of a person holds all the same; votes spread, and questions lean less than by lot."""
    leans = []
    for seed in range(20):
        drawn, test = random.Random(seed), Test(10, seed % 2)
        left = {person: drawn.randint(1, 10) for person in range(20)}
        while left:
            person = drawn.choice(list(left))
            test.show(person)
            sides = test.sides_of_person(person)
            assert abs(2 * sum(sides) - len(sides)) <= 1
            left[person] -= 1
            if not left[person]:
                del left[person]
        counts = test.counts()
        assert max(counts) - min(counts) <= 3
        leans.append(mean(abs(test.lean(place)) for place in range(10)))
    assert mean(leans) < 1.8  # of some eleven showings; by lot it would be √(2 · 11 / π) = 2.6


def test_the_same_order_is_not_everybodys():
    orders = set()
    for person in range(0, 12, 2):
        alone = Test(8, 0)
        orders.add(tuple(alone.show(person).id for _ in range(8)))
    assert len(orders) > 3
