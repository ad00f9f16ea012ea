"""The knobs: how the stand-in is made to misbehave, as the world does."""

import json
import random
from dataclasses import asdict, dataclass, fields
from typing import Any

_FAILURES = (None, "500", "429", "cut")


class KnobError(ValueError):
    """A knob that does not exist, or a value that it cannot take. Nothing was turned."""


@dataclass(kw_only=True)
class Knobs:
    """How to misbehave. All off by default, but for the late ``charge.updated``: Stripe's way.

    Attributes:
        duplicate: Extra copies of each webhook: 2 is two more, 0.3 is one more for 30 % of them.
        reorder: How many webhooks are held back and shuffled before they go out; 0 keeps the order.
        delay_seconds: Each webhook waits for so long, [least, most].
        drop: Share of webhooks (0 to 1) that are lost: no attempt is made, and only
            ``/_pretend/redeliver`` or the list of events brings them back.
        charge_updated_delay_seconds: When the balance transaction (the fee) comes after the
            payment, and when a refund is confirmed or fails, [least, most].
        refund_fails: Share of refunds (0 to 1) that fail later.
        latency_seconds: Each API answer waits for so long.
        fail_with: What API requests fail with: "500" and "429" before the work is done, "cut" after
            it: the connection ends in the middle of the answer.
        fail_probability: Share of API requests (0 to 1) that fail so.
        bacs: Whether sessions in pounds offer Bacs Direct Debit too.
        bacs_delay_seconds: How long the donor's bank takes to pay a direct debit, [least, most],
            on the pretend clock. Stripe's own: 7 working days the first time.
        automatic_payouts: Whether what is available is paid out each midnight, UTC.
        dispute_fee_returned: Whether a dispute that is won brings its fee back.
        redirect_wait_seconds: How long the pay page waits for our answer to
            ``checkout.session.completed`` before it sends the donor back.
        seed: Makes the dice fall the same way again.
    """

    duplicate: float = 0.0
    reorder: int = 0
    delay_seconds: tuple[float, float] = (0.0, 0.0)
    drop: float = 0.0
    charge_updated_delay_seconds: tuple[float, float] = (0.5, 2.0)
    refund_fails: float = 0.0
    latency_seconds: float = 0.0
    fail_with: str | None = None
    fail_probability: float = 1.0
    bacs: bool = False
    bacs_delay_seconds: tuple[float, float] = (604_800.0, 604_800.0)
    automatic_payouts: bool = False
    dispute_fee_returned: bool = False
    redirect_wait_seconds: float = 10.0
    seed: int | None = None

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def turned(self, changes: dict[str, Any]) -> "Knobs":
        """These knobs with some of them changed.

        Raises:
            KnobError: Naming the knob that is unknown or cannot take its value.
        """
        known = {knob.name for knob in fields(self)}
        if unknown := changes.keys() - known:
            raise KnobError(f"unknown knobs {sorted(unknown)}; there are {sorted(known)}")
        for name, value in changes.items():
            _check(name, value)
        pairs = {name: tuple(value) for name, value in changes.items() if isinstance(value, list)}
        turned = Knobs(**(asdict(self) | changes | pairs))
        if "seed" not in changes:
            turned.dice = self.dice
        return turned

    def shown(self) -> dict[str, Any]:
        """The knobs as JSON."""
        shown: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return shown

    def falls(self, share: float) -> bool:
        """Throw the dice: true for that share of the throws."""
        return share > 0 and self.dice.random() < share

    def between(self, bounds: tuple[float, float]) -> float:
        """A number of seconds between the bounds."""
        least, most = bounds
        return least if least == most else self.dice.uniform(least, most)

    def copies(self) -> int:
        """How many extra copies the next webhook gets."""
        whole = int(self.duplicate)
        return whole + int(self.falls(self.duplicate - whole))


def _check(name: str, value: Any) -> None:  # noqa: ANN401 - whatever JSON held
    if name == "fail_with":
        valid = value in _FAILURES
    elif name == "seed":
        valid = value is None or _is_number(value)
    elif name in {"automatic_payouts", "bacs", "dispute_fee_returned"}:
        valid = isinstance(value, bool)
    elif name in {"bacs_delay_seconds", "charge_updated_delay_seconds", "delay_seconds"}:
        valid = (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(_is_number(bound) for bound in value)
            and 0 <= value[0] <= value[1]
        )
    else:
        most = 1 if name in {"drop", "refund_fails", "fail_probability"} else 10_000
        valid = _is_number(value) and 0 <= value <= most
        valid = valid and (name != "reorder" or isinstance(value, int))
    if not valid:
        raise KnobError(f"{name} cannot be {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
