"""Who gave, apart from the books: a person can be erased while the books stand."""

from django.db import models
from django.db.models.functions import Now

from donors.names import NOBODY, NameForm, shown_name


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
    name_form = models.CharField(
        max_length=8,
        choices=NameForm,
        default=NameForm.INITIALS,
        db_default=NameForm.INITIALS.value,
        help_text="In what form the name may be shown, where it may be.",
    )
    declares_own_money = models.BooleanField(
        default=False,
        help_text="Declared: my own money, and I am on a UK electoral register.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="donor_name_form_is_known",
                condition=models.Q(name_form__in=["initials", "first", "full"]),
            ),
        ]

    def __str__(self) -> str:
        return f"donor {self.pk}"  # a name has no business in logs and lists

    @property
    def public_name(self) -> str:
        """What may be shown: the name only where this donor opted in for this donation."""
        return self.shown_name or NOBODY

    @property
    def shown_name(self) -> str:
        """The name in the form that was chosen; empty where none may be shown."""
        return shown_name(self.name, NameForm(self.name_form)) if self.show_name else ""


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
