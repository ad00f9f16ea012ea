"""What must stand in the database for its guarantees to hold; ``audit`` looks for each of them.

The digests are of the functions' bodies as the migrations create them, so that a guard that was
replaced by an empty one is found too.
"""

from typing import Final, NamedTuple


class TriggerGuard(NamedTuple):
    """A trigger that must be there and enabled. ``fires`` is in the words of PostgreSQL."""

    name: str
    table: str
    function: str
    fires: str


_AT_COMMIT: Final = "AFTER INSERT DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
_ON_CHANGE: Final = "BEFORE DELETE OR UPDATE FOR EACH ROW"
_ON_TRUNCATE: Final = "BEFORE TRUNCATE FOR EACH STATEMENT"

TRIGGERS: Final = (
    TriggerGuard(
        "journal_entry_is_balanced",
        "funds_journalentry",
        "funds_entry_is_balanced",
        _AT_COMMIT + " 'id'",
    ),
    TriggerGuard(
        "posting_keeps_entry_balanced",
        "funds_posting",
        "funds_entry_is_balanced",
        _AT_COMMIT + " 'entry_id'",
    ),
    TriggerGuard(
        "journal_entry_is_append_only", "funds_journalentry", "funds_refuse_change", _ON_CHANGE
    ),
    TriggerGuard(
        "journal_entry_is_not_truncated", "funds_journalentry", "funds_refuse_change", _ON_TRUNCATE
    ),
    TriggerGuard("posting_is_append_only", "funds_posting", "funds_refuse_change", _ON_CHANGE),
    TriggerGuard("posting_is_not_truncated", "funds_posting", "funds_refuse_change", _ON_TRUNCATE),
    TriggerGuard(
        "posting_keeps_balances",
        "funds_posting",
        "funds_keep_balances",
        "AFTER INSERT REFERENCING NEW TABLE AS new_postings FOR EACH STATEMENT",
    ),
    TriggerGuard(
        "balance_is_kept_by_postings",
        "funds_balance",
        "funds_balance_is_kept",
        "BEFORE INSERT OR DELETE OR UPDATE FOR EACH ROW",
    ),
    TriggerGuard("balance_is_not_truncated", "funds_balance", "funds_refuse_change", _ON_TRUNCATE),
    TriggerGuard(
        "account_is_settled_once_posted_to",
        "funds_account",
        "funds_account_is_settled",
        "BEFORE UPDATE FOR EACH ROW",
    ),
    TriggerGuard(
        "journal_entry_is_in_an_open_period",
        "funds_journalentry",
        "funds_entry_day_is_open",
        "AFTER INSERT REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT",
    ),
    TriggerGuard(
        "period_close_is_kept",
        "funds_periodclose",
        "funds_period_close_is_kept",
        "BEFORE INSERT OR DELETE OR UPDATE FOR EACH ROW",
    ),
    TriggerGuard(
        "period_close_is_not_truncated", "funds_periodclose", "funds_refuse_change", _ON_TRUNCATE
    ),
)

# By function: SHA-256 of its body.
FUNCTION_DIGESTS: Final = dict(
    line.split()
    for line in """
        funds_account_is_settled e16f77d13bce6bafccb459f0fedf752433dedb43b0a9bcf1b1b8937ba3f6cea1
        funds_entry_is_balanced 2870deb70e4b525f6f5e6a35b9574182d7eaf430c456f0ce0d69d6ef397b51f3
        funds_keep_balances c9a68adc19346f0b3b1d10744ac0b6bfbcb747c6734d44ba476ffe5c324bab16
        funds_refuse_change 6bf7216f0d93c8988ac330f0d70b616746d0efd6c9015d116b5e0e8d92c1dc33
        funds_balance_is_kept 114e7cdce18177e65ee3fc8fa770858d9e68b16fe39c792e2d2043d0b31f1326
        funds_closed_until 85bd274ec19e51daa9a2e4e253dba708b4ee4fe0d268ab35ce67e0d405e01ec1
        funds_stop_the_books 4e9e64cdc26a75b609b853d05f1f123aba489b7b8fd9e24d6a56da5f5d786803
        funds_entry_day_is_open 9c4af789910c0c386708a80830bc44c24c770dfe1efa4da949ed18c701155420
        funds_period_close_is_kept 3d22172145e8877d527dd9c1162d5d6a8ef7b749e1c0caede46fad33b3f84323
    """.strip().splitlines()
)

# Named rules of single rows, and the unique indexes that make a fact count once.
CONSTRAINTS: Final = (
    ("funds_posting", "posting_amount_is_positive"),
    ("funds_posting", "posting_side_is_known"),
    ("funds_journalentry", "journal_entry_source_key_is_plain"),
    ("funds_journalentry", "journal_entry_digest_is_sha256"),
    ("funds_journalentry", "journal_entry_reverses_another"),
    ("funds_journalentry", "journal_entry_is_booked_after_its_own_date"),
    ("funds_account", "account_kind_is_known"),
)
UNIQUE_COLUMNS: Final = (
    ("funds_journalentry", "source_key"),
    ("funds_journalentry", "reverses_id"),
    ("funds_account", "code"),
    ("funds_balance", "account_id,branch_id"),
)
