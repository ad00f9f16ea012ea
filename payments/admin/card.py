"""Card donations in the admin: to look at, with the way to their entries. No donors."""

from django.contrib import admin

from funds.admin.doors import LookOnly
from payments.models import CardDispute, CardDonation, CardRefund


class CardRefundInline(LookOnly, admin.TabularInline[CardRefund, CardDonation]):
    """What went back of a donation."""

    model = CardRefund
    fields = readonly_fields = ("stripe_id", "amount", "entry")
    extra = 0


class CardDisputeInline(LookOnly, admin.TabularInline[CardDispute, CardDonation]):
    """What its bank has disputed."""

    model = CardDispute
    fields = readonly_fields = (
        "stripe_id",
        "amount",
        "reason",
        "status",
        "evidence_due_by",
        "opened_at",
        "closed_at",
        "entries",
    )
    extra = 0

    @admin.display(description="entries")
    def entries(self, dispute: CardDispute) -> str:
        """The source keys of what it moved, in order."""
        moved = dispute.movements.order_by("pk").values_list("entry__source_key", flat=True)
        return ", ".join(moved)


@admin.register(CardDonation)
class CardDonationAdmin(LookOnly, admin.ModelAdmin[CardDonation]):
    """Card donations, newest first. Who gave is not to be seen here."""

    list_display = ("created_at", "appeal", "branch", "amount", "is_paid", "payment_intent_id")
    list_filter = ("appeal", ("received_entry", admin.EmptyFieldListFilter), "branch__region")
    search_fields = ("=reference", "=payment_intent_id", "=checkout_session_id")
    search_help_text = "The donation's reference, or Stripe's id of the payment or Checkout, whole"
    list_select_related = ("appeal", "branch")
    ordering = ("-pk",)
    inlines = (CardRefundInline, CardDisputeInline)
    fields = (
        "reference",
        "appeal",
        "branch",
        "amount",
        "created_at",
        "checkout_session_id",
        "checkout_expires_at",
        "checkout_ended_at",
        "payment_intent_id",
        "processing_at",
        "failed_at",
        "received_entry",
        "again_of",
        "meant_at",
        "meant_by",
        "balance_transaction_id",
        "charged_at",
        "fee_known_at",
        "fee_entry",
    )
    readonly_fields = fields

    @admin.display(boolean=True, description="paid")
    def is_paid(self, donation: CardDonation) -> bool:
        """Whether it stands in the books."""
        return donation.received_entry_id is not None
