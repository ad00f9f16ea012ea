"""One thread of a process acts on the inbox at a time, and none goes away unheard."""

import threading
from unittest import mock

import pytest
from django.db import OperationalError

from payments.inbox import Acted, turns
from payments.inbox.turns import Turns


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    act = mock.Mock(return_value=Acted(claimed=2, processed=1))
    monkeypatch.setattr(turns, "act_on_everything_due", act)
    return act


def test_who_comes_meanwhile_has_it_look_once_more(acting: mock.Mock) -> None:
    """An event that was kept after the last claim's look must not wait for a timer."""
    taking_turns = Turns()
    begun, go_on = threading.Event(), threading.Event()

    def act(**_: object) -> Acted:
        begun.set()
        assert go_on.wait(timeout=30)
        return Acted(claimed=2, processed=1)

    acting.side_effect = act
    acted: list[Acted] = []
    first = threading.Thread(target=lambda: acted.append(taking_turns.act()))
    first.start()
    assert begun.wait(timeout=30)

    assert taking_turns.act() == Acted(0, 0), "the other thread is at it"
    assert taking_turns.act() == Acted(0, 0)
    go_on.set()
    first.join()

    assert acted == [Acted(claimed=4, processed=2)]
    assert acting.call_count == 2, "two rings are one more look"


def test_a_turn_that_fails_is_given_up_and_told(acting: mock.Mock) -> None:
    taking_turns = Turns()
    acting.side_effect = [OperationalError("gone"), Acted(1, 1)]

    with pytest.raises(OperationalError):
        taking_turns.act()
    assert taking_turns.act() == Acted(1, 1)


def test_it_ends_when_it_is_told_to(acting: mock.Mock) -> None:
    assert Turns().act(until=lambda: True) == Acted(0, 0)
    assert not acting.called
