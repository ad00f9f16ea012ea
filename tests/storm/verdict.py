"""The verdict: is everything as it must be? Every difference is a sentence."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Final, NamedTuple

import httpx

from tests.pretend_stripe.process import PretendStripe
from tests.site import EventStream
from tests.storm.books import StripeLine, count_waiting, read_clearing, read_raised, read_stripe
from tests.storm.hall import Screen
from tests.storm.memory import Home, Memory
from tests.storm.plan import APPEALS
from tests.storm.post_office import PostOffice
from tests.storm.site import Site
from tests.workers.servers import wait_until

_COMMANDS: Final = (("audit_books",), ("reconcile_stripe", "--json"))
_MOST_OF_A_KIND: Final = 20
_SCREENS_SECONDS: Final = 20.0
_OUR_REFUND: Final = "whipround_refund"  # the key of a refund's metadata that names our order


class Sums(NamedTuple):
    """Of one category of Stripe's lines, in pence: what Stripe says and what the books say."""

    lines: int
    stripe: int
    books: int


class Verdict(NamedTuple):
    """``sums`` by Stripe's category, fees apart; ``differences`` must be none."""

    sums: dict[str, Sums]
    differences: list[str]


def judge(
    site: Site,
    stripe: PretendStripe,
    *,
    office: PostOffice,
    screens: Sequence[Screen],
    memory: Memory,
) -> Verdict:
    """Compare everything with everything."""
    lines = read_stripe(stripe)
    sums, by_line = _compare_lines(site, lines, memory)
    differences = [
        *_shorten(memory.problems),
        *by_line,
        *_compare_balance(site, stripe),
        *_compare_raised(site, lines, memory),
        *_compare_live(site, screens),
        *_check_orders(site, stripe, memory),
        *_check_letters(site, office, memory),
        *_check_nothing_waits(site),
        *_run_commands(site),
    ]
    return Verdict(sums, differences)


def _compare_lines(
    site: Site, lines: list[StripeLine], memory: Memory
) -> tuple[dict[str, Sums], list[str]]:
    """Line by line, then what is left in the books."""
    left = read_clearing(site)
    found: list[str] = []
    sums: dict[str, Sums] = {}

    def compare(name: str, line: StripeLine, keys: list[str], amount: int) -> None:
        booked = sum(left.pop(key, 0) for key in keys)
        so_far = sums.get(name, Sums(0, 0, 0))
        sums[name] = Sums(so_far.lines + 1, so_far.stripe + amount, so_far.books + booked)
        if booked != amount:
            found.append(f"{line.category} {line.id}: Stripe moved {amount}, the books {booked}")

    for line in lines:
        is_received = line.category == "charge" and line.keys[0] in left
        if line.category == "charge" and is_received != (line.payment in memory.homes):
            found.append(f"{line.payment} is booked as {'ours' if is_received else 'not ours'}")
        compare(line.category, line, line.keys, line.amount)
        if line.fee:
            compare("fees of these", line, [line.fee_key], -line.fee)
    found += [
        f"{key}: {pence} in the books and not at Stripe" for key, pence in left.items() if pence
    ]
    return sums, _shorten(found)


def _compare_balance(site: Site, stripe: PretendStripe) -> Iterator[str]:
    with stripe.sdk() as sdk:
        held = sdk.v1.balance.retrieve()
    told = sum(one.amount for side in (held.available, held.pending) for one in side)
    booked = sum(read_clearing(site).values())
    if told != booked:
        yield f"Stripe holds {told}, the books say {booked}"


def _compare_raised(site: Site, lines: list[StripeLine], memory: Memory) -> Iterator[str]:
    """Payments less refunds less disputes, for each appeal and branch."""
    expected: Counter[Home] = Counter()
    for line in lines:
        if line.payment in memory.homes:
            expected[memory.homes[line.payment]] += line.amount
    booked = read_raised(site)
    for home in expected.keys() | booked.keys():
        if expected[home] != booked[home]:
            yield f"{home}: Stripe's lines come to {expected[home]}, raised {booked[home]}"


def _compare_live(site: Site, screens: Sequence[Screen]) -> Iterator[str]:
    """What screens show that watched all the time, and each web process, live and by its API."""
    booked: Counter[str] = Counter()
    for home, pence in read_raised(site).items():
        booked[home.appeal] += pence
    with suppress(AssertionError):
        wait_until(
            lambda: all(screen.raised == pounds(booked[screen.slug]) for screen in screens),
            seconds=_SCREENS_SECONDS,
        )
    for screen in screens:
        if screen.raised != pounds(booked[screen.slug]):
            yield f"{screen.slug}: the hall sees {screen.raised}, the books {booked[screen.slug]}"
    for url in site.web_urls():
        for slug in APPEALS:
            with EventStream(url, slug, timeout_seconds=30) as stream:
                live = stream.next().data["raised"]["amount"]
            answer = httpx.get(f"{url}/api/v1/appeals/{slug}/", trust_env=False, timeout=30)
            for name, shown in (("live", live), ("API", answer.json()["raised"]["amount"])):
                if Decimal(shown) != pounds(booked[slug]):
                    yield f"{slug} at {url}, {name}: shows {shown}, the books hold {booked[slug]}"


def pounds(pence: int) -> Decimal:
    """As a reading says it."""
    return Decimal(pence) / 100


def _check_orders(site: Site, stripe: PretendStripe, memory: Memory) -> Iterator[str]:
    """Each order made one refund at most, and one exactly if the site says so."""
    made: Counter[str] = Counter()
    with stripe.sdk() as sdk:
        for refund in sdk.v1.refunds.list({"limit": 100}).auto_paging_iter():
            if reference := (refund.to_dict()["metadata"] or {}).get(_OUR_REFUND):
                made[reference] += 1
    rows = site.ask(
        "SELECT reference::text, (amount * 100)::bigint, outcome FROM payments_refundorder"
    )
    kept = {reference: (pence, outcome) for reference, pence, outcome in rows}
    for reference, pence in memory.orders.items():
        if reference not in kept or kept[reference][0] != pence:
            yield f"order {reference} of {pence} was accepted, and there is {kept.get(reference)}"
    for reference in kept.keys() - memory.orders.keys():
        yield f"order {reference} is there, and nobody was told that it was accepted"
    for reference, (_, outcome) in kept.items():
        if made[reference] != (outcome == "refunded"):
            yield f"order {reference} is {outcome or 'open'}, and made {made[reference]} refunds"
    for reference in made.keys() - kept.keys():
        yield f"order {reference} made a refund, and is not there"


_THANKLESS: Final = """
SELECT d.reference::text FROM payments_carddonation d JOIN donors_donor o ON o.id = d.donor_id
 WHERE d.received_entry_id IS NOT NULL AND o.email <> '' AND NOT EXISTS (
       SELECT FROM payments_letter l WHERE l.donation_id = d.id)
"""

_LETTERS: Final = """
SELECT l.reference::text, l.kind, o.email, l.outcome, l.put_aside_at IS NOT NULL, l.last_error
  FROM payments_letter l
  JOIN payments_carddonation d ON d.id = l.donation_id LEFT JOIN donors_donor o ON o.id = d.donor_id
"""


def _check_letters(site: Site, office: PostOffice, memory: Memory) -> Iterator[str]:
    """No letter came twice, and none is lost: it came, or waits for a person to look."""
    taken = {ident.strip("<>").split("@")[0]: times for ident, times in office.taken.items()}
    for ident, times in taken.items():
        if times > 1:
            yield f"letter {ident} came {times} times"
    for address, most in memory.letters_to.items():
        thanks = sum(
            times
            for (whose, subject), times in office.subjects.items()
            if whose == address and subject.startswith("Thank you")
        )
        if thanks > most:
            yield f"{address} was thanked {thanks} times for {most} payments"
    for (reference,) in site.ask(_THANKLESS):
        yield f"donation {reference} came with an e-mail address, and has no letter"
    for ident, kind, address, outcome, is_aside, error in site.ask(_LETTERS):
        came = taken.get(ident, 0)
        if outcome == "sent" and came != 1:
            yield f"letter {ident} ({kind}) to {address} counts as sent, and came {came} times"
        elif not outcome and not is_aside:
            yield f"letter {ident} ({kind}) to {address} still waits: {error}"


def _check_nothing_waits(site: Site) -> Iterator[str]:
    if waiting := count_waiting(site):
        yield f"still waiting: {waiting}"
    for kind, error in site.ask(
        "SELECT type, last_error FROM payments_webhookevent"
        " WHERE processed_at IS NULL OR outcome = 'by-hand' LIMIT 10"
    ):
        yield f"event {kind} is not acted upon: {error}"
    if site.has_table("payments_balanceline"):
        for kind, error in site.ask(
            "SELECT type, last_error FROM payments_balanceline WHERE booked_at IS NULL LIMIT 10"
        ):
            yield f"Stripe's line of type {kind} is not booked: {error}"


def _run_commands(site: Site) -> Iterator[str]:
    known = site.run("manage.py", "help", "--commands").split()
    for command, *options in _COMMANDS:
        if command not in known:
            continue
        try:
            site.run("manage.py", command, *options)
        except subprocess.CalledProcessError as error:
            said = f"{_tell(error.stdout)} {error.stderr[-1500:]}"
            yield f"{command} exits {error.returncode}: {said}"


def _tell(output: str) -> str:
    try:
        return json.dumps(json.loads(output), indent=1)[-3000:]
    except ValueError:
        return output[-3000:]


def _shorten(found: list[str]) -> list[str]:
    """A storm that went wrong differs in thousands of lines; a few tell."""
    if len(found) <= _MOST_OF_A_KIND:
        return found
    return [*found[:_MOST_OF_A_KIND], f"and {len(found) - _MOST_OF_A_KIND} more such lines"]
