"""What keeps the till from booking a fact. Nothing is booked; its event waits, with the error."""

from typing import ClassVar


class TillError(Exception):
    """A fact that cannot be booked now. The message is for a person, without personal data.

    After ``most_attempts`` its event is put aside for a person, since trying again cannot help;
    None: it is tried until it can be booked.
    """

    most_attempts: ClassVar[int | None] = None


class OutOfOrderError(TillError):
    """It speaks of a payment that is not booked yet: wait for that one."""


class UnknownDonationError(TillError):
    """It bears our mark, but no donation here has this reference.

    Restored from an old backup, or another installation on the same Stripe account. It is tried
    for some minutes, and put aside before it would count as stuck. What a person does: restore
    the newer backup, or bring the donation back, and press "Try again" on the operators' page; or
    close it there by hand, when it is the other installation's.
    """

    most_attempts = 8  # one to two minutes


class AmountMismatchError(TillError):
    """Stripe moved another amount or currency than we know of.

    Nothing that we may guess, and nothing that time mends: it is put aside at once. What a person
    does: look the payment up in Stripe's dashboard by the id in the message, refund it there in
    full, and ask the donor to give again. The refund's own events are then put aside like this
    one, and the books hold neither, while the reconciliation shows both lines. All of them are
    closed by hand on the operators' page, with a note of what was done.
    """

    most_attempts = 1
