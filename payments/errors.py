"""What keeps the till from booking a fact. Nothing is booked; its event waits, with the error."""


class TillError(Exception):
    """A fact that cannot be booked now. The message is for a person, without personal data."""


class OutOfOrderError(TillError):
    """It speaks of a payment that is not booked yet: wait for that one."""


class UnknownDonationError(TillError):
    """It bears our mark, but no donation here has this reference."""


class AmountMismatchError(TillError):
    """Stripe moved another amount or currency than the donor agreed to."""


class PaidTwiceError(TillError):
    """Another payment of the same donation is booked already."""


class AnotherSubscriptionError(TillError):
    """A monthly donation has a subscription already, and Stripe speaks of a second one."""
