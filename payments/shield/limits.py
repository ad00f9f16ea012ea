"""How much is too much: the limits, as data, with where they come from.

Chosen on 25 November 2026. Sources: Stripe's guide to card testing (docs.stripe.com/disputes/
prevention/card-testing: limit new checkouts and failures, combine measures, none is enough alone)
and what others report (10 requests an hour; 5 errors, then an hour's rest; 120,000 attempts on one
form). Set so that a hall of 300 people and a tablet on a stall never meet them; revise them with
what an attack taught.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

HOUR: Final = timedelta(hours=1)

# --- one browser, one address ------------------------------------------------------

UNPAID_WITHOUT_CHECK: Final = 10
"""Checkouts in an hour that one browser, or one e-mail address, opened and did not pay: from there
on each further one needs the check. On a stall's tablet forty people may pay in an hour."""

UNPAID_OF_A_BROWSER: Final = 60
"""In an hour. One a minute, none of them paid, is no donor."""

FORMS_OF_A_BROWSER: Final = 120
"""In an hour, those with mistakes in them too."""

DECLINES: Final = 5
"""Cards in an hour. A browser that had so many declined, and no more paid than that, rests until
the hour is over; for an e-mail address the check is asked for, since anybody can type another's.
A Checkout with so many is ended."""

FASTEST_SECONDS: Final = 2.0
"""Nobody reads the form and sends it within this: suspicious, though no proof."""

# --- everybody -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Threshold:
    """So much was tried, ``least``, and more than ``percent`` of it went badly."""

    least: int
    percent: int

    def is_passed(self, *, bad: int, of: int) -> bool:
        """Whether these figures are over it."""
        return of >= self.least and bad * 100 > of * self.percent


@dataclass(frozen=True, slots=True)
class Alarm:
    """When the check goes on, and above what it stays on (so that it does not flutter)."""

    on: Threshold
    stay: Threshold


WATCHED: Final = timedelta(minutes=10)
"""The stretch of time that is looked at."""

DECLINED: Final = Alarm(on=Threshold(20, 30), stay=Threshold(10, 20))
"""Cards declined, of the cards tried, on one appeal or on all. Of ordinary donors' cards it is
one in ten or twenty."""

UNPAID: Final = Alarm(on=Threshold(50, 90), stay=Threshold(25, 75))
"""Checkouts opened and not paid, of those old enough to have been (``TIME_TO_PAY``)."""

FLOOD: Final = Alarm(on=Threshold(500, 90), stay=Threshold(250, 75))
"""The same of those opened just now: more than a large hall opens before the first have paid."""

REFUSED: Final = Alarm(on=Threshold(100, 0), stay=Threshold(50, 0))
"""Forms refused outright: then the limits bite more than donors would make them."""

TIME_TO_PAY: Final = timedelta(minutes=10)
"""Most donors have paid by then, or gone."""

CALM_AFTER: Final = timedelta(minutes=30)
"""So long the figures must be calm before the check goes: attackers come back."""

HARDER_AFTER: Final = timedelta(minutes=5)
"""An attack that goes on for so long in spite of the check gets a harder one."""

LOOK_EVERY: Final = timedelta(seconds=5)
"""How often the figures are looked at."""

# --- the check -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difficulty:
    """What a browser must do: find one number by trying.

    Attributes:
        iterations: Of PBKDF2, for each number tried; our own cost of making one challenge.
        fewest: Numbers to try at least.
        most: Numbers to try at most: bounded, so that no donor has bad luck.
    """

    iterations: int
    fewest: int
    most: int


DIFFICULTIES: Final = (
    Difficulty(iterations=1000, fewest=1000, most=2000),
    Difficulty(iterations=1000, fewest=3000, most=6000),
    Difficulty(iterations=1000, fewest=8000, most=16_000),
)
"""About 1, 3 and 8 seconds on a phone of some years ago, and less while the form is filled in."""

CHALLENGE_LIVES: Final = timedelta(minutes=20)
"""To fill in the form. The page gets itself a new one when it is over."""

SOLUTION_USES: Final = 3
"""How often the very same form may bring the same solution: a double click, and once more while
Stripe was away. More would let one sum open Checkout after Checkout, as each is ended."""

# --- the way for everyone ----------------------------------------------------------------

PASS_LIVES: Final = timedelta(hours=2)
PASS_USES: Final = 10
"""Forms that one pass lets through: mistakes in them, and a second try."""

LINKS_FOR_AN_ADDRESS: Final = 3
LINKS_OF_A_BROWSER: Final = 5
LINKS_IN_ALL: Final = 200
"""E-mails in an hour. Nobody may use us to fill another's letter box."""

# --- how long we remember -------------------------------------------------------------------

FORGET_AFTER: Final = timedelta(hours=24)
"""Counts and origins: no limit looks back further than an hour, and a Checkout lives two."""
