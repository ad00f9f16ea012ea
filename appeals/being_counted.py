"""Which buckets lie on a counting table now: told to open pages, and never how much is in them."""

from collections.abc import Collection

from django.db import transaction

from appeals.announce import announce_change
from appeals.models import Appeal, BeingCounted


@transaction.atomic
def note_being_counted(appeal: Appeal, source_keys: Collection[str]) -> None:
    """Say of buckets that they are being counted; said again it changes nothing."""
    new = set(source_keys) - _known(source_keys)
    if new:
        BeingCounted.objects.bulk_create(
            [BeingCounted(appeal=appeal, source_key=key) for key in sorted(new)],
            ignore_conflicts=True,
        )
        announce_change(appeal.pk)


@transaction.atomic
def note_counted(appeal: Appeal, source_keys: Collection[str]) -> None:
    """Say of buckets that they are counted no more, whatever came of it; twice is as once."""
    gone, _ = BeingCounted.objects.filter(appeal=appeal, source_key__in=source_keys).delete()
    if gone:
        announce_change(appeal.pk)


def _known(source_keys: Collection[str]) -> set[str]:
    found = BeingCounted.objects.filter(source_key__in=source_keys)
    return set(found.values_list("source_key", flat=True))
