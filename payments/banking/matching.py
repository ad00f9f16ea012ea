"""Proposing which line of a statement is what: only where one thing alone fits one line alone.

Precision comes before recall. A proposal posts nothing; what is not proposed is left to a person.
Proposals are worked out anew from all that is open, so that the order in which files, slips and
rules came makes no difference.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from appeals.models import Appeal
from funds.money import from_minor
from payments.banking.candidates import (
    RETURNED,
    SOURCES,
    Candidate,
    Source,
    read_candidates,
)
from payments.banking.words import Words, holds_run, length_of, words_of
from payments.models import MatchingRun, PayerRule, StatementLine, StatementMatch
from payments.recording import OLDEST, local_day, local_today

Kind = StatementMatch.Kind

_LOCK: Final = 0x57_52_42_4D  # "WRBM": one matcher at a time
_LONG_SLIP: Final = 5
_DIFFERENCE_PARTS: Final = 10
_SMALL_DIFFERENCE_MINOR: Final = 20_00


@dataclass(frozen=True)
class OpenLine:
    """A line that nobody has said anything of yet."""

    pk: int
    booked_on: date
    amount_minor: int
    currency: str
    told: str

    @cached_property
    def words(self) -> Words:
        """What its text and reference say, for comparing."""
        return words_of(self.told)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a line probably is."""

    kind: StatementMatch.Kind
    target: str
    why: str
    difference_minor: int = 0


def propose_when_due(sources: Sequence[Source] = SOURCES) -> bool:
    """Propose anew if anything has changed since the last time. The chore."""
    if not StatementLine.objects.exists():
        return False
    seen = _version(sources)
    if MatchingRun.objects.filter(pk=1, seen=seen).exists():
        return False
    propose_matches(sources)
    MatchingRun.objects.update_or_create(
        pk=1, defaults={"seen": seen, "finished_at": timezone.now()}
    )
    return True


def _version(sources: Iterable[Source]) -> str:
    """Changes with all that proposals rest on. Lines are only added; confirmed matches too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT max(id) FROM payments_statementline),
                   (SELECT count(*) || '-' || count(stopped_at) FROM payments_payerrule),
                   (SELECT count(confirmed_at) || '-' || count(undone_at)
                      FROM payments_statementmatch)
            """
        )
        counts = cursor.fetchone()
    told = [*counts, local_today(), *(source.version() for source in sources)]
    return hashlib.sha256(repr(told).encode()).hexdigest()


@transaction.atomic
def propose_matches(sources: Sequence[Source] = SOURCES) -> int:
    """Bring the proposals up to date; answers how many there are.

    A proposal that stays keeps its row, so that a page which was opened before can confirm it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    lines = _read_open_lines()
    wanted = work_out(lines, read_candidates(sources), _read_rules())
    stale = []
    for standing in StatementMatch.objects.filter(confirmed_at__isnull=True):
        if wanted.get(standing.line_id) == _as_proposal(standing):
            del wanted[standing.line_id]
        else:
            stale.append(standing.pk)
    # One that a person confirms at this moment is none any more when its lock is ours.
    StatementMatch.objects.filter(pk__in=stale, confirmed_at__isnull=True).delete()
    StatementMatch.objects.bulk_create(
        [_row(line_id, proposal) for line_id, proposal in sorted(wanted.items())],
        ignore_conflicts=True,  # a person was quicker
        batch_size=2000,
    )
    return StatementMatch.objects.filter(confirmed_at__isnull=True).count()


def _read_open_lines() -> list[OpenLine]:
    said = StatementMatch.objects.filter(
        line=OuterRef("pk"), confirmed_at__isnull=False, undone_at__isnull=True
    )
    rows = (
        StatementLine.objects.filter(~Exists(said))
        .order_by("pk")
        .values_list(
            "pk", "booked_on", "amount_minor", "account__currency", "text", "bank_reference"
        )
    )
    return [OpenLine(*row[:4], f"{row[4]} {row[5]}") for row in rows]


@dataclass(frozen=True, slots=True)
class Rule:
    """A payer's reference, and for what the money is."""

    pk: int
    run: Words
    appeal_id: int
    branch_id: int | None
    currency: str
    since: date
    what: str


def _read_rules() -> list[Rule]:
    oldest = local_today() - OLDEST
    rules = PayerRule.objects.filter(stopped_at__isnull=True).select_related("appeal", "branch")
    return [
        Rule(
            pk=rule.pk,
            run=tuple(rule.words.split()),
            appeal_id=rule.appeal_id,
            branch_id=rule.branch_id,
            currency=rule.appeal.currency,
            since=max(local_day(rule.appeal.opens_at), oldest),
            what=f"{rule.words}: {rule.appeal.title}"
            + (f", {rule.branch.name}" if rule.branch else ""),
        )
        for rule in rules.exclude(appeal__status=Appeal.Status.DRAFT)
    ]


def work_out(
    lines: Sequence[OpenLine], candidates: Sequence[Candidate], rules: Sequence[Rule]
) -> dict[int, Proposal]:
    """Which line is what, by line, wherever that is beyond doubt.

    Args:
        lines: Every open line, of every account.
        candidates: All that the books expect at the bank.
        rules: Which references are for what.
    """
    by_amount: defaultdict[tuple[str, int], list[OpenLine]] = defaultdict(list)
    for line in lines:
        by_amount[line.currency, line.amount_minor].append(line)
    fits: list[tuple[OpenLine, Candidate]] = []
    near: defaultdict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        for line in by_amount.get((candidate.currency, candidate.amount_minor), ()):
            if candidate.since <= line.booked_on <= candidate.until:
                near[line.pk].append(candidate)
                if candidate.proposable and _has_its_words(line, candidate):
                    fits.append((line, candidate))
    wanted = {
        line.pk: Proposal(candidate.kind, candidate.target, _why(line, candidate))
        for line, candidate in _beyond_doubt(fits)
    }
    touched = {line.pk for line, _ in fits}
    taken = {claim for _, candidate in fits for claim in candidate.claims}
    rest = [line for line in lines if line.pk not in touched]
    wanted |= _with_differences(rest, [c for c in candidates if taken.isdisjoint(c.claims)])
    found = {(proposal.kind, proposal.target) for proposal in wanted.values()}
    doubtful = {
        pk for pk, ones in near.items() if any((c.kind, c.target) not in found for c in ones)
    }
    free = [line for line in rest if line.pk not in wanted and line.pk not in doubtful]
    return wanted | _by_rules(free, rules)


def _has_its_words(line: OpenLine, candidate: Candidate) -> bool:
    words = line.words
    return (not candidate.also or not candidate.also.isdisjoint(words)) and (
        not candidate.runs or any(holds_run(words, run) for run in candidate.runs)
    )


def _beyond_doubt(
    fits: Sequence[tuple[OpenLine, Candidate]],
) -> list[tuple[OpenLine, Candidate]]:
    """Those in which the line fits nothing else, and nothing else fits the line."""
    of_line: defaultdict[int, int] = defaultdict(int)
    of_claim: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line, candidate in fits:
        of_line[line.pk] += 1
        for claim in candidate.claims:
            of_claim[claim] += 1
    return [
        (line, candidate)
        for line, candidate in fits
        if of_line[line.pk] == 1 and all(of_claim[claim] == 1 for claim in candidate.claims)
    ]


def _why(line: OpenLine, candidate: Candidate) -> str:
    days = (line.booked_on - candidate.since).days
    when = f", {days} day{'' if days == 1 else 's'} after" if candidate.may_differ and days else ""
    return f"{candidate.what[:120]}, the same amount{when}"


def _with_differences(
    lines: Sequence[OpenLine], candidates: Sequence[Candidate]
) -> dict[int, Proposal]:
    """Slips whose long number stands on one line alone, with nearly the same amount.

    Nobody can confirm these without a word on why it differs.
    """
    by_word: defaultdict[str, list[OpenLine]] = defaultdict(list)
    wanted_words = {
        run[0]
        for one in candidates
        if one.may_differ
        for run in one.runs
        if length_of(run) >= _LONG_SLIP
    }
    if not wanted_words:
        return {}
    for line in lines:
        for word in wanted_words.intersection(line.words):
            by_word[word].append(line)
    fits = [
        (line, one)
        for one in candidates
        if one.may_differ
        for run in one.runs
        if length_of(run) >= _LONG_SLIP
        for line in by_word[run[0]]
        if line.currency == one.currency
        and one.since <= line.booked_on <= one.until
        and _is_near(line.amount_minor, one.amount_minor)
        and holds_run(line.words, run)
    ]
    return {
        line.pk: Proposal(
            one.kind,
            one.target,
            _say_difference(line, one),
            difference_minor=line.amount_minor - one.amount_minor,
        )
        for line, one in _beyond_doubt(fits)
    }


def _is_near(at_bank: int, expected: int) -> bool:
    most = max(_SMALL_DIFFERENCE_MINOR, abs(expected) // _DIFFERENCE_PARTS)
    return at_bank > 0 and abs(at_bank - expected) <= most


def _say_difference(line: OpenLine, candidate: Candidate) -> str:
    difference = line.amount_minor - candidate.amount_minor
    amount = from_minor(abs(difference), line.currency)
    return f"{candidate.what[:120]}; the bank has {amount} {'more' if difference > 0 else 'less'}"


def _by_rules(lines: Sequence[OpenLine], rules: Sequence[Rule]) -> dict[int, Proposal]:
    """Credits whose words one rule fits, or several that say the same."""
    by_first: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        by_first[rule.run[0]].append(rule)
    wanted: dict[int, Proposal] = {}
    for line in lines:
        if line.amount_minor <= 0 or not RETURNED.isdisjoint(line.words):
            continue
        fitting = [
            rule
            for word in by_first.keys() & set(line.words)
            for rule in by_first[word]
            if rule.currency == line.currency
            and line.booked_on >= rule.since
            and holds_run(line.words, rule.run)
        ]
        if len({(rule.appeal_id, rule.branch_id) for rule in fitting}) == 1:
            longest = max(fitting, key=lambda rule: (length_of(rule.run), -rule.pk))
            wanted[line.pk] = Proposal(Kind.RULE, str(longest.pk), longest.what[:200])
    return wanted


def _as_proposal(match: StatementMatch) -> Proposal:
    targets = {
        Kind.PAYING_IN: match.paying_in_id,
        Kind.WITH_CHEQUES: match.paying_in_id,
        Kind.CHEQUES: match.paying_in_id,
        Kind.RETURNED: match.cheque_id,
        Kind.PAYOUT: match.payout_id,
        Kind.RULE: match.rule_id,
    }
    target = targets.get(Kind(match.kind), match.receipt_id)
    return Proposal(Kind(match.kind), str(target), match.why, match.difference_minor)


def _row(line_id: int, proposal: Proposal) -> StatementMatch:
    return StatementMatch(
        line_id=line_id,
        kind=proposal.kind,
        why=proposal.why,
        difference_minor=proposal.difference_minor,
        **target_fields(proposal.kind, proposal.target),
    )


def target_fields(kind: StatementMatch.Kind, target: str) -> dict[str, int | str]:
    """The column of a match that names its target."""
    if kind == Kind.PAYOUT:
        return {"payout_id": target}
    column = {
        Kind.PAYING_IN: "paying_in_id",
        Kind.WITH_CHEQUES: "paying_in_id",
        Kind.CHEQUES: "paying_in_id",
        Kind.RETURNED: "cheque_id",
        Kind.RULE: "rule_id",
    }
    return {column.get(kind, "receipt_id"): int(target)}
