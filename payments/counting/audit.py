"""Proves the counting table against the books: what was agreed is booked, and the reverse."""

from collections.abc import Iterator

from funds.audit import Difference, query
from payments.counting.agreeing import collection_reference
from payments.models import Agreement, Bucket, BucketCount, CashCollection, NamedGift


def audit_tables() -> Iterator[Difference]:
    """Every agreement without its collection, and every collection without its agreement."""
    yield from _audit_agreements()
    yield from _audit_collections()
    yield from _audit_evidence()
    yield from _audit_states()
    yield from _audit_hall()
    yield from _audit_gifts()


def _audit_agreements() -> Iterator[Difference]:
    """Agreements whose collection says another amount, or stands where they do not."""
    rows = query(
        """
        SELECT b.reference::text, a.round, a.raised, c.amount,
               a.undone_at IS NULL, c.reversed_at IS NULL
          FROM payments_agreement a
          JOIN payments_bucket b ON b.id = a.bucket_id
          JOIN payments_occasion o ON o.id = b.occasion_id
          LEFT JOIN payments_cashcollection c ON c.id = a.collection_id
         WHERE a.raised <> a.counted - b.float_amount
            OR (a.raised > 0) <> (c.id IS NOT NULL)
            OR (c.amount, c.appeal_id, c.branch_id) <> (a.raised, o.appeal_id, o.branch_id)
            OR (c.id IS NOT NULL AND (a.undone_at IS NULL) <> (c.reversed_at IS NULL))
         ORDER BY a.id
        """
    )
    for reference, number, raised, booked, stands, is_booked in rows:
        detail = (
            f"round {number}: agreed {raised}{'' if stands else ' (undone)'}, "
            f"collected {booked}{'' if is_booked else ' (reversed)'}"
        )
        yield Difference("agreed buckets are booked", f"bucket {reference}", detail)


def _audit_collections() -> Iterator[Difference]:
    """Collections that bear a bucket's reference, and that no agreement has."""
    known = {
        collection_reference(Bucket(reference=reference, round=number))
        for reference, last in Bucket.objects.values_list("reference", "round")
        for number in range(1, last + 1)
    }
    orphans = CashCollection.objects.filter(reference__in=known, agreement__isnull=True)
    for collection in orphans.order_by("pk"):
        detail = "came from the counting table, and no agreement has it"
        yield Difference("booked buckets are agreed", f"collection {collection.reference}", detail)


def _audit_evidence() -> Iterator[Difference]:
    """Agreements that the counts of their round do not bear out."""
    for agreement in Agreement.objects.select_related("bucket", "count").order_by("pk"):
        counts = list(BucketCount.objects.filter(bucket=agreement.bucket_id, round=agreement.round))
        equal = [count for count in counts if count.sheet == agreement.count.sheet]
        people = {count.counter_key for count in equal}
        how = agreement.how
        is_borne_out = agreement.count in counts and (
            len(people) >= 2
            if how in {Agreement.How.TWO_COUNTS, Agreement.How.THIRD_COUNT}
            else how != Agreement.How.WITNESSED or bool(agreement.count.witness)
        )
        if not is_borne_out:
            detail = f"round {agreement.round}: {agreement.get_how_display()}, and it is not so"
            subject = f"bucket {agreement.bucket.reference}"
            yield Difference("agreements have their counts", subject, detail)


def _audit_states() -> Iterator[Difference]:
    """Buckets that are called agreed without an agreement that stands, or the other way round."""
    rows = query(
        """
        SELECT b.reference::text, b.state FROM payments_bucket b
         WHERE (b.state = 'agreed') <> EXISTS (
               SELECT FROM payments_agreement a
                WHERE a.bucket_id = b.id AND a.undone_at IS NULL)
         ORDER BY b.id
        """
    )
    for reference, state in rows:
        yield Difference("agreed buckets are booked", f"bucket {reference}", f"is called {state}")


def _audit_hall() -> Iterator[Difference]:
    """Buckets of which the hall is told that they are counted, and are not; or the other way."""
    rows = query(
        """
        SELECT coalesce(lying.key, told.source_key), told.source_key IS NULL
          FROM (SELECT 'bucket:' || b.reference AS key, o.appeal_id
                  FROM payments_bucket b JOIN payments_occasion o ON o.id = b.occasion_id
                 WHERE o.state = 'counting' AND b.state NOT IN ('agreed', 'set-aside')) lying
          FULL JOIN appeals_beingcounted told
            ON told.source_key = lying.key AND told.appeal_id = lying.appeal_id
         WHERE told.source_key IS NULL OR lying.key IS NULL
         ORDER BY 1
        """
    )
    for key, is_untold in rows:
        detail = "lies on a table untold" if is_untold else "is told of, and not on a table"
        yield Difference("the hall is told what is counted", key, detail)


def _audit_gifts() -> Iterator[Difference]:
    """Donations by name whose collection says another amount."""
    gifts = NamedGift.objects.select_related("collection").filter(collection__isnull=False)
    for gift in gifts.order_by("pk"):
        assert gift.collection is not None
        if gift.collection.amount != gift.amount:
            detail = f"recorded {gift.amount}, booked {gift.collection.amount}"
            yield Difference("records are booked", f"named gift {gift.reference}", detail)
