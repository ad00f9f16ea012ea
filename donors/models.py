"""Who gave, apart from the books: a person can be erased while the books stand."""

from django.db import models
from django.db.models.functions import Now


class Donor(models.Model):
    """What one giver told us with one donation. Special-category data: it reveals an opinion.

    One row for each donation, so that consent and erasure are each donation's own.
    """

    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    address = models.TextField(
        blank=True, help_text="Asked for only over the organisation's limit."
    )
    show_name = models.BooleanField(
        default=False, help_text="Opted in, for this donation, to be named in public."
    )
    declares_own_money = models.BooleanField(
        default=False,
        help_text="Declared: my own money, and I am on a UK electoral register.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"donor {self.pk}"  # a name has no business in logs and lists

    @property
    def public_name(self) -> str:
        """What may be shown: the name only where this donor opted in for this donation."""
        return self.name if self.show_name and self.name else "A supporter"


class SealedGiver(models.Model):
    """Who gave one donation over the organisation's limit, encrypted at rest.

    Only ``donors.sealed`` writes and opens it; who may look is a role of its own. Erasing the row
    erases the person and leaves the books as they are.
    """

    sealed = models.TextField(editable=False, help_text="A Fernet token; see donors/sealed.py.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                # Every Fernet token begins so: its version is the byte 0x80.
                name="sealed_giver_is_sealed",
                condition=models.Q(sealed__startswith="gAAAA"),
            ),
        ]

    def __str__(self) -> str:
        return f"giver {self.pk}"
