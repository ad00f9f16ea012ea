"""Judging one sent form: let it through, ask for the check first, or refuse it for an hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from appeals.models import Appeal
from payments.models import AttemptCount, CardDonation, CheckoutOrigin
from payments.shield.challenge import accept_solution
from payments.shield.counting import (
    EVERYBODY,
    Counted,
    Opened,
    Whose,
    count,
    count_opened,
    digest_of,
    mark,
    read_counts,
    read_opened,
)
from payments.shield.limits import (
    DECLINES,
    FASTEST_SECONDS,
    FORMS_OF_A_BROWSER,
    HOUR,
    UNPAID_OF_A_BROWSER,
    UNPAID_WITHOUT_CHECK,
)
from payments.shield.passes import use_pass
from payments.shield.switch import Mode, ShieldState
from payments.shield.watch import watch

Kind = AttemptCount.Kind


@dataclass(frozen=True, slots=True)
class Attempt:
    """A form that was sent, as far as the shield looks at it.

    Attributes:
        appeal: What it gives to.
        reference: Minted with the form.
        session: Which browser, or "" when it keeps no cookie.
        email: As typed; "" for none.
        content_digest: Of everything that the form says.
        solution: Of the check; "" for none.
        pass_token: From an e-mailed link; "" for none.
        has_filled_trap: It filled in the field that people do not see.
        age: How long the form was looked at; None when that is not known.
        is_forged: What it says of its age was not written by us, or for another form.
    """

    appeal: Appeal
    reference: UUID
    session: str = ""
    email: str = ""
    content_digest: str = ""
    solution: str = ""
    pass_token: str = ""
    has_filled_trap: bool = False
    age: timedelta | None = None
    is_forged: bool = False

    @property
    def is_suspicious(self) -> bool:
        """One sign alone may be a hurried donor's, or an old page's; a machine gives several."""
        is_hasty = self.age is not None and self.age.total_seconds() < FASTEST_SECONDS
        signs = (
            (self.has_filled_trap, 3),
            (self.is_forged, 3),
            (is_hasty, 1),
            (self.age is None, 1),
            (not self.session, 1),
        )
        return sum(weight for is_there, weight in signs if is_there) >= _SUSPICIOUS

    @property
    def session_digest(self) -> str:
        """The browser, as it is counted."""
        return digest_of(Whose.SESSION, self.session)

    @property
    def email_digest(self) -> str:
        """The address, as it is counted."""
        return digest_of(Whose.EMAIL, self.email)


_SUSPICIOUS: Final = 3


@dataclass(frozen=True, slots=True)
class Allowed:
    """The form may open a Checkout."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """The form needs the check first. ``was_wrong`` when it brought a solution that is none."""

    was_wrong: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """This browser rests for a while. ``retry_after`` is the longest that it can take."""

    retry_after: timedelta


Verdict = Allowed | Challenge | Refused


def judge(attempt: Attempt, shield: ShieldState) -> Verdict:
    """Count the form, and decide. Called before anything is asked of Stripe.

    A browser is refused only for what it did itself. What others may have done (an address typed
    in elsewhere, an attack on the site) costs a donor the check and no more.
    """
    if shield.is_watch_due:
        watch()  # whoever has it for a chore is away
    record = _count_and_read(attempt)
    if record.is_worn_out:
        count([Counted(Kind.REFUSED, EVERYBODY)])
        return Refused(HOUR)
    if not _needs_check(attempt, record, shield):
        return Allowed()
    if use_pass(attempt.pass_token, attempt.appeal) or accept_solution(
        attempt.solution, reference=attempt.reference, content_digest=attempt.content_digest
    ):
        return Allowed()
    count([Counted(Kind.CHALLENGED, EVERYBODY)])
    return Challenge(was_wrong=bool(attempt.solution))


def note_opened(attempt: Attempt, reference: UUID) -> None:
    """The form led to a Checkout, of the donation of this reference. A second call counts nothing.

    What becomes of the Checkout is counted for this browser and this address from now on.
    """
    count_opened(
        reference,
        session_digest=attempt.session_digest,
        email_digest=attempt.email_digest,
    )


@transaction.atomic
def note_decline(donation: CardDonation, told_at: datetime) -> None:
    """Stripe told that a card was declined: count it for whoever opened the Checkout.

    Told twice, it counts once; told late, it counts for the minute in which it happened.
    """
    failure = Counted(Kind.TOLD, digest_of(Whose.THING, f"{donation.reference} {told_at}"))
    if mark([failure], until=told_at)[failure] > 1:
        return
    origins = CheckoutOrigin.objects.select_for_update().filter(donation_id=donation.pk)
    origin = origins.first()
    if origin is not None:
        origin.declined += 1
        origin.save(update_fields=["declined"])
    keys = {digest_of(Whose.APPEAL, donation.appeal_id), EVERYBODY}
    if origin is not None:
        keys |= {origin.session_digest, origin.email_digest}
    count([Counted(Kind.DECLINED, key) for key in keys], at=told_at)


@dataclass(frozen=True, slots=True)
class _Record:
    """The last hour of one browser and one e-mail address."""

    posted: int
    declined_by_session: int
    declined_by_email: int
    opened: Opened

    @property
    def is_worn_out(self) -> bool:
        """This browser did so much by itself that it rests."""
        declined, opened = self.declined_by_session, self.opened
        return (
            (declined >= DECLINES and declined >= opened.paid_by_session)
            or opened.unpaid_by_session >= UNPAID_OF_A_BROWSER
            or self.posted > FORMS_OF_A_BROWSER
        )

    @property
    def is_busy(self) -> bool:
        """It is more than most donors do, or would be if the address were theirs."""
        opened = self.opened
        return (
            max(opened.unpaid_by_session, opened.unpaid_by_email) >= UNPAID_WITHOUT_CHECK
            or self.declined_by_email >= DECLINES
        )


def _count_and_read(attempt: Attempt) -> _Record:
    session, email = attempt.session_digest, attempt.email_digest
    posted = Counted(Kind.POSTED, session)
    by_session, by_email = Counted(Kind.DECLINED, session), Counted(Kind.DECLINED, email)
    count([posted])
    counts = read_counts([posted, by_session, by_email], within=HOUR)
    return _Record(
        posted=counts.get(posted, 0),
        declined_by_session=counts.get(by_session, 0),
        declined_by_email=counts.get(by_email, 0),
        opened=read_opened(session_digest=session, email_digest=email, within=HOUR),
    )


def _needs_check(attempt: Attempt, record: _Record, shield: ShieldState) -> bool:
    if shield.mode == Mode.OFF:
        return False
    return shield.is_check_on or attempt.is_suspicious or record.is_busy
