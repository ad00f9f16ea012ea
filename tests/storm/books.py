"""Both sides of the comparison: Stripe's lines, and the site's books, read past all our code."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tests.pretend_stripe.process import PretendStripe
from tests.storm.memory import Home
from tests.storm.site import Site

# By Stripe's reporting category: the keys that a line's amount may stand under. Source: the
# plan of the books, ``stripe:<object>:<fact>``. {line} is the line's own id, {source} what stands
# behind it, {payment} the payment intent of that.
_KEYS: Final = {
    "charge": ("stripe:{payment}:received", "stripe:{line}:unallocated"),
    "charge_failure": ("stripe:{payment}:failed", "stripe:{line}:unallocated"),
    "refund": ("stripe:{source}:refunded", "stripe:{line}:unallocated"),
    "refund_failure": ("stripe:{source}:failed", "stripe:{line}:unallocated"),
    "dispute": ("stripe:{line}:disputed", "stripe:{line}:unallocated"),
    "dispute_reversal": (
        "stripe:{line}:reinstated",
        "stripe:{line}:kept",
        "stripe:{line}:unallocated",
    ),
    "payout": ("stripe:{source}:created",),
    "payout_reversal": ("stripe:{source}:failed",),
    "fee": ("stripe:{line}:stripe-fee",),
}


@dataclass(frozen=True, slots=True)
class StripeLine:
    """A balance transaction, in pence. ``payment`` is "" when none stands behind it."""

    id: str
    category: str
    amount: int
    fee: int
    source: str
    payment: str

    @property
    def keys(self) -> list[str]:
        """Of the entries that its amount may stand in."""
        names = {"line": self.id, "source": self.source, "payment": self.payment}
        return [key.format(**names) for key in _KEYS.get(self.category, ())]

    @property
    def fee_key(self) -> str:
        return f"stripe:{self.id}:fee"


def read_stripe(stripe: PretendStripe) -> list[StripeLine]:
    """Every line, oldest first."""
    with stripe.sdk() as sdk:
        listed = sdk.v1.balance_transactions.list({"limit": 100, "expand": ["data.source"]})
        return [_line(one.to_dict()) for one in listed.auto_paging_iter()][::-1]


def _line(told: dict[str, Any]) -> StripeLine:
    source = told["source"] or {}
    return StripeLine(
        id=told["id"],
        category=told["reporting_category"],
        amount=told["amount"],
        fee=told["fee"],
        source=source.get("id", ""),
        payment=source.get("payment_intent") or "",
    )


_SIGNED: Final = "CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END"


def read_clearing(site: Site) -> Counter[str]:
    """What each entry did to what Stripe holds for us, in pence, by its key."""
    rows = site.ask(
        f"""
        SELECT e.source_key, sum({_SIGNED})::bigint
          FROM funds_posting p
          JOIN funds_journalentry e ON e.id = p.entry_id
          JOIN funds_account a ON a.id = p.account_id
         WHERE a.code = 'stripe-clearing:GBP' GROUP BY 1
        """
    )
    return Counter(dict(rows))


def read_raised(site: Site) -> Counter[Home]:
    """What was raised by card, in pence, by appeal and branch, as balances say."""
    rows = site.ask(
        """
        SELECT ap.slug, coalesce(br.slug, ''), (b.credit_minor - b.debit_minor)::bigint
          FROM funds_balance b
          JOIN appeals_appealaccount aa ON aa.account_id = b.account_id AND aa.role = 'card'
          JOIN appeals_appeal ap ON ap.id = aa.appeal_id
          LEFT JOIN funds_branch br ON br.id = b.branch_id
        """
    )
    return Counter({Home(appeal, branch): pence for appeal, branch, pence in rows})


class Waiting(NamedTuple):
    """What the site has still to do by itself."""

    events: int
    orders: int
    letters: int
    lines: int

    def __bool__(self) -> bool:
        return any(self)


def count_waiting(site: Site) -> Waiting:
    """How much waits, put aside for a person left out."""
    lines = "payments_balanceline WHERE booked_at IS NULL AND put_aside_at IS NULL"
    wanted = [
        "payments_webhookevent WHERE processed_at IS NULL AND put_aside_at IS NULL",
        "payments_refundorder WHERE decision = 'approved' AND finished_at IS NULL",
        "payments_letter WHERE ended_at IS NULL AND put_aside_at IS NULL",
        lines if site.has_table("payments_balanceline") else "pg_class WHERE false",
    ]
    return Waiting(*(site.ask(f"SELECT count(*) FROM {one}")[0][0] for one in wanted))


def let_time_pass(site: Site) -> None:
    """What is to be tried again later is due now; what was cut off ten minutes ago is known to be.

    Only for a site that has been at rest for half a minute: nobody has anything in hand.
    """
    statements = [
        "UPDATE payments_webhookevent SET next_attempt_at = now() WHERE processed_at IS NULL",
        "UPDATE payments_refundorder SET next_attempt_at = now() WHERE finished_at IS NULL",
        "UPDATE payments_letter SET next_attempt_at = now() WHERE ended_at IS NULL",
        """UPDATE payments_letter SET claimed_at = claimed_at - interval '11 minutes'
            WHERE ended_at IS NULL AND put_aside_at IS NULL
              AND claimed_at < now() - interval '30 seconds'""",
    ]
    if site.has_table("payments_balanceline"):
        statements.append(
            "UPDATE payments_balanceline SET next_attempt_at = now() WHERE booked_at IS NULL"
        )
    for statement in statements:
        site.execute(statement)
