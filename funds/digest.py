"""The digest of an entry: SHA-256 over itself and its postings, in a text both sides can write.

``ledger`` computes it in Python when it posts; ``audit`` has the database compute it again from
what stands there. The two must stay the same text, so they stand side by side.

Two forms of it are covered by this one column. An entry whose period was open: the digest of
``entry_digest``. One that arrived late, and so has a ``booked_on``: the database seals that first
digest together with the day, since it alone knows the day at the moment of posting. Both forms
cover whether there is a ``booked_on``: giving an entry one, moving it or taking it away shows.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

_FIELD: Final = "\x1f"
_LINE: Final = "\x1e"


class DigestLine(NamedTuple):
    """A posting as the digest sees it; sorted by these columns, no branch first."""

    account_id: int
    side: str
    amount_minor: int
    branch_id: int


def entry_digest(
    *,
    source_key: str,
    kind: str,
    occurred_on: date,
    memo: str,
    reverses_id: int | None,
    lines: Iterable[DigestLine],
) -> str:
    """The entry's digest, 64 hexadecimal digits. A line without branch has ``branch_id`` 0."""
    written = _LINE.join(_FIELD.join(map(str, line)) for line in sorted(lines))
    head = [source_key, kind, occurred_on.isoformat(), str(reverses_id or 0), written, memo]
    return hashlib.sha256(_FIELD.join(head).encode()).hexdigest()


LATE_DIGEST_SQL: Final = (
    "encode(sha256(convert_to({digest} || E'\\x1f' || to_char({booked_on}, 'YYYY-MM-DD'), 'UTF8')),"
    " 'hex')"
)
"""A digest sealed together with the day on which a late entry is booked; to be formatted."""

# The same as ``entry_digest`` in SQL: for each entry of funds_journalentry ``e``.
_FIRST_DIGEST_SQL: Final = """
encode(sha256(convert_to(concat_ws(E'\\x1f',
    e.source_key, e.kind, to_char(e.occurred_on, 'YYYY-MM-DD'), coalesce(e.reverses_id, 0)::text,
    coalesce((SELECT string_agg(
            concat_ws(E'\\x1f', p.account_id, p.side, p.amount_minor, coalesce(p.branch_id, 0)),
            E'\\x1e' ORDER BY p.account_id, p.side COLLATE "C", p.amount_minor,
                              coalesce(p.branch_id, 0))
        FROM funds_posting p WHERE p.entry_id = e.id), ''),
    e.memo), 'UTF8')), 'hex')
"""

ENTRY_DIGEST_SQL: Final = (
    f"CASE WHEN e.booked_on IS NULL THEN {_FIRST_DIGEST_SQL} ELSE "
    + LATE_DIGEST_SQL.format(digest=_FIRST_DIGEST_SQL, booked_on="e.booked_on")
    + " END"
)
"""What the digest must be, in SQL: for each entry of funds_journalentry ``e``."""
