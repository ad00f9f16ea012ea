"""What the desk understands of what is typed, and what it says when it does not."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funds.money import Money
from payments.models.pledge import Method
from payments.pledges.by_ear import MOST_PLEDGES, NotUnderstoodError, hear
from tests.factories import gbp


@dataclass(frozen=True)
class Town:
    name: str
    slug: str


PLACES = [
    Town("Bradford East", "bradford-east"),
    Town("Bradford West", "bradford-west"),
    Town("Cardiff", "cardiff"),
    Town("Leeds", "leeds"),
    Town("Leeds North", "leeds-north"),
    Town("Newcastle upon Tyne", "newcastle"),
    Town("St Helens", "st-helens"),
    Town("Southampton", "southampton"),
    Town("1st of May", "1st-of-may"),
]


def heard(typed: str) -> tuple[list[Money], str | None, Method | None]:
    found = hear(typed, places=PLACES, currency="GBP")
    return list(found.amounts), found.slug, found.method


@pytest.mark.parametrize(
    ("typed", "amounts"),
    [
        ("50", ["50"]),
        ("50 50 100", ["50", "50", "100"]),
        ("£50, 50, £1,000", ["50", "50", "1000"]),
        ("2.50 7.5", ["2.50", "7.50"]),
        ("1k", ["1000"]),
        ("1.5K", ["1500"]),
        ("3x500", ["500"] * 3),
        ("3 x £500 20", ["500", "500", "500", "20"]),
        ("3 at 500 2 at 20", ["500"] * 3 + ["20"] * 2),
        ("2\u00d71k", ["1000"] * 2),
        ("  10\t20 ", ["10", "20"]),
    ],
)
def test_amounts_are_each_one_persons(typed: str, amounts: list[str]) -> None:
    assert heard(typed) == ([gbp(amount) for amount in amounts], None, None)


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("leeds", "leeds"),
        ("Leeds N", "leeds-north"),
        ("bradford w", "bradford-west"),
        ("br w", "bradford-west"),
        ("newc", "newcastle"),
        ("st hel", "st-helens"),
        ("st-hel", "st-helens"),
        ("sou", "southampton"),
        ("cardi", "cardiff"),
        ("1st", "1st-of-may"),
    ],
)
def test_a_branch_is_any_beginning_that_no_other_has(words: str, slug: str) -> None:
    assert heard(f"50 {words}") == ([gbp(50)], slug, None)
    assert heard(f"{words} 50") == ([gbp(50)], slug, None)


@pytest.mark.parametrize(
    ("word", "method"),
    [
        ("cash", Method.CASH),
        ("CARD", Method.CARD),
        ("cheque", Method.CHEQUE),
        ("chq", Method.CHEQUE),
        ("so", Method.STANDING),
        ("standing order", Method.STANDING),
        ("promise", Method.PROMISE),
    ],
)
def test_how_it_is_to_be_paid_stands_anywhere_in_the_line(word: str, method: Method) -> None:
    assert heard(f"{word} 50 50 leeds") == ([gbp(50)] * 2, "leeds", method)
    assert heard(f"50 50 leeds {word}") == ([gbp(50)] * 2, "leeds", method)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "How much?"),
        ("leeds", "How much?"),
        ("50 lleeds", "No branch begins with “lleeds”"),
        ("50 bradford", "Bradford East, Bradford West"),
        ("50 5o", "“5o” is no amount"),
        ("50.123", "“50.123” is no amount"),
        ("0", "“0” cannot be one pledge"),
        ("999999999", "cannot be one pledge"),
        ("99x10", "too many hands"),
        ("0x10", "too many hands"),
        (" ".join(["10"] * (MOST_PLEDGES + 1)), "too many for one line"),
        ("50 leeds 20 cardiff", "Two branches"),
        ("50 cash card", "Two ways to pay"),
        ("-50", "“-50” is no amount"),
    ],
)
def test_what_is_not_understood_is_named(typed: str, says: str) -> None:
    with pytest.raises(NotUnderstoodError, match=says.replace("?", r"\?")):
        heard(typed)


def test_a_name_that_is_another_names_beginning_is_itself() -> None:
    assert heard("50 leeds")[1] == "leeds"


def test_decimals_that_a_currency_has_not_are_no_money_of_it() -> None:
    with pytest.raises(NotUnderstoodError, match="too many decimals for JPY"):
        hear("50.5", places=[], currency="JPY")


@given(st.text(max_size=60))
def test_any_nonsense_is_understood_or_named(typed: str) -> None:
    try:
        found = hear(typed, places=PLACES, currency="GBP")
    except NotUnderstoodError:
        return
    assert found.amounts
    assert all(amount.amount > 0 for amount in found.amounts)


@given(
    st.lists(st.sampled_from(["10", "20", "50", "2.50", "1000"]), min_size=1, max_size=9),
    st.sampled_from(["", "leeds", "bradford w", "newc"]),
    st.sampled_from(["", "cash", "card", "so"]),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_parts_says_nothing(
    amounts: list[str], place: str, method: str, shuffle: object
) -> None:
    assert hasattr(shuffle, "shuffle")
    parts = [part for part in (" ".join(amounts), place, method) if part]
    told = heard(" ".join(parts))
    shuffle.shuffle(parts)
    assert heard(" ".join(parts)) == told
    assert sum(amount.amount for amount in told[0]) == sum(gbp(one).amount for one in amounts)
