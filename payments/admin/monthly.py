"""Monthly donations in the admin: to look at, with the way to their months. No donors."""

from django.contrib import admin

from funds.admin.doors import LookOnly
from payments.models import CardDonation, MonthlyDonation, MonthlyInvoice


class MonthInline(LookOnly, admin.TabularInline[CardDonation, MonthlyDonation]):
    """The months that came."""

    model = CardDonation
    verbose_name_plural = "months in the books"
    fields = readonly_fields = ("appeal", "amount", "payment_intent_id", "received_entry")
    extra = 0


class MonthlyInvoiceInline(LookOnly, admin.TabularInline[MonthlyInvoice, MonthlyDonation]):
    """What Stripe told of its bills."""

    model = MonthlyInvoice
    fields = readonly_fields = (
        "invoice_id",
        "is_paid",
        "payment_intent_id",
        "paid_at",
        "first_failed_at",
        "last_failed_at",
        "next_attempt_at",
    )
    extra = 0


@admin.register(MonthlyDonation)
class MonthlyDonationAdmin(LookOnly, admin.ModelAdmin[MonthlyDonation]):
    """Monthly donations, newest first. Who gives is not to be seen here."""

    list_display = ("created_at", "appeal", "branch", "amount", "status", "next_at", "cancel_at")
    list_filter = ("status", "appeal", "is_doubtful", "branch__region")
    search_fields = ("=reference", "=subscription_id", "=customer_id", "=checkout_session_id")
    search_help_text = (
        "The donation's reference, or Stripe's id of the subscription, customer or Checkout, whole"
    )
    list_select_related = ("appeal", "branch")
    ordering = ("-pk",)
    inlines = (MonthInline, MonthlyInvoiceInline)
    fields = (
        "reference",
        "appeal",
        "branch",
        "amount",
        "created_at",
        "checkout_session_id",
        "checkout_expires_at",
        "checkout_ended_at",
        "subscription_id",
        "customer_id",
        "status",
        "told_at",
        "is_doubtful",
        "started_at",
        "next_at",
        "cancel_at",
        "ended_at",
    )
    readonly_fields = fields
