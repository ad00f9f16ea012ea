"""What the books and the promises hold for appeals: one statement, so one moment of truth.

Were the totals and the standings two statements, a donation between them would let the league
table and the thermometer disagree by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from appeals.league import Standing
from appeals.models import AppealAccount, Promise
from funds.balances import EPOCH_SQL
from funds.money import minor_unit

# Only balances are read, by their unique index: never postings. Branch 0 stands for none.
_TALLIES_SQL: Final = f"""
WITH wanted AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS w (appeal_id, currency, unit)
), held AS MATERIALIZED (
    SELECT a.appeal_id, a.role, coalesce(b.branch_id, 0) AS branch_id,
           b.credit_minor - b.debit_minor AS net_minor, b.credit_entries, b.postings
      FROM wanted
      JOIN appeals_appealaccount a ON a.appeal_id = wanted.appeal_id
      JOIN funds_balance b ON b.account_id = a.account_id
), roles AS (
    SELECT appeal_id, json_object_agg(role, json_build_array(net_minor, entries, postings)) AS roles
      FROM (SELECT appeal_id, role, sum(net_minor)::bigint AS net_minor,
                   sum(credit_entries)::bigint AS entries, sum(postings)::bigint AS postings
              FROM held GROUP BY appeal_id, role) AS by_role
     GROUP BY appeal_id
), raised AS (
    SELECT appeal_id, branch_id, sum(net_minor)::bigint AS raised_minor
      FROM held WHERE role <> '{AppealAccount.Role.CASH_IN_HAND}' GROUP BY appeal_id, branch_id
), targets AS (
    SELECT t.appeal_id, t.branch_id, (t.target * wanted.unit)::bigint AS target_minor
      FROM wanted
      JOIN appeals_branchtarget t
        ON t.appeal_id = wanted.appeal_id AND t.target_currency = wanted.currency
), standings AS (
    SELECT appeal_id, json_agg(json_build_array(
               branch.slug, branch.name, region.name,
               coalesce(raised_minor, 0), coalesce(target_minor, 0))) AS standings
      FROM raised FULL JOIN targets USING (appeal_id, branch_id)
      JOIN funds_branch branch ON branch.id = branch_id
      JOIN funds_region region ON region.id = branch.region_id
     WHERE raised_minor <> 0 OR target_minor > 0
     GROUP BY appeal_id
), promised AS (
    SELECT p.appeal_id,
           (coalesce(sum(p.amount) FILTER (WHERE p.kind <> '{Promise.Kind.MONTHLY}'), 0)
               * min(wanted.unit))::bigint AS promised_minor,
           (coalesce(sum(p.amount) FILTER (WHERE p.kind = '{Promise.Kind.MONTHLY}'), 0)
               * min(wanted.unit))::bigint AS monthly_minor
      FROM wanted
      JOIN appeals_promise p ON p.appeal_id = wanted.appeal_id
       AND p.state = 'open' AND p.amount_currency = wanted.currency
     GROUP BY p.appeal_id
), counted AS (
    SELECT c.appeal_id, count(*) AS buckets
      FROM wanted JOIN appeals_beingcounted c ON c.appeal_id = wanted.appeal_id
     GROUP BY c.appeal_id
)
SELECT wanted.appeal_id, epoch.epoch, coalesce(roles.roles, '{{}}'),
       coalesce(standings.standings, '[]'), coalesce(no_branch.raised_minor, 0),
       coalesce(promised.promised_minor, 0), coalesce(promised.monthly_minor, 0),
       coalesce(counted.buckets, 0)
  FROM wanted
 CROSS JOIN ({EPOCH_SQL}) AS epoch (epoch)
  LEFT JOIN roles USING (appeal_id)
  LEFT JOIN standings USING (appeal_id)
  LEFT JOIN promised USING (appeal_id)
  LEFT JOIN counted USING (appeal_id)
  LEFT JOIN raised no_branch ON no_branch.appeal_id = wanted.appeal_id AND no_branch.branch_id = 0
"""  # noqa: S608 - only constants of our own are put in


@dataclass(frozen=True, slots=True)
class Tally:
    """One appeal's figures, in minor units of its currency. A role without money is not in it.

    ``roles`` holds for each role: credits less debits, the facts that stand, and all postings.
    ``promised_minor`` is promised once, ``monthly_minor`` every month. ``being_counted`` is how
    many buckets lie on a counting table, not agreed yet.
    """

    epoch: str
    roles: Mapping[str, tuple[int, int, int]]
    standings: Sequence[Standing]
    no_branch_minor: int
    promised_minor: int
    monthly_minor: int
    being_counted: int

    def net_minor(self, role: AppealAccount.Role) -> int:
        """Credits less debits: positive for income, negative for an asset."""
        return self.roles.get(role.value, (0, 0, 0))[0]

    def entries(self, role: AppealAccount.Role) -> int:
        """How many facts stand: those that were reversed are not counted."""
        return self.roles.get(role.value, (0, 0, 0))[1]

    @property
    def postings(self) -> int:
        """On all the appeal's accounts; it only grows."""
        return sum(postings for _, _, postings in self.roles.values())


def read_tallies(currencies: Mapping[int, str]) -> Mapping[int, Tally]:
    """The tally of each appeal, by id. ``currencies``: each appeal's ISO 4217 code, by id.

    Promises and branch targets of another currency than their appeal's are not in it.
    """
    if not currencies:
        return {}
    units = [minor_unit(currency) for currency in currencies.values()]
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES_SQL, [list(currencies), list(currencies.values()), units])
        return {
            appeal_id: Tally(
                epoch=epoch,
                roles={
                    role: (net, entries, posted) for role, (net, entries, posted) in roles.items()
                },
                standings=[Standing(*standing) for standing in standings],
                no_branch_minor=no_branch_minor,
                promised_minor=promised_minor,
                monthly_minor=monthly_minor,
                being_counted=being_counted,
            )
            for (
                appeal_id,
                epoch,
                roles,
                standings,
                no_branch_minor,
                promised_minor,
                monthly_minor,
                being_counted,
            ) in cursor
        }
