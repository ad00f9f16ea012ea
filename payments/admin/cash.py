"""Cash and transfers in the admin: to look at, with the way to their entries. No donors."""

from django.contrib import admin

from funds.admin.doors import LookOnly
from payments.models import CashCollection, PayingIn, TransferReceipt


@admin.register(CashCollection)
class CashCollectionAdmin(LookOnly, admin.ModelAdmin[CashCollection]):
    """Collections, newest first."""

    list_display = ("collected_on", "place", "branch", "appeal", "kind", "amount", "reversed_at")
    list_filter = ("appeal", "kind", ("reversed_at", admin.EmptyFieldListFilter), "branch__region")
    search_fields = ("place", "branch__name", "reference")
    list_select_related = ("branch", "appeal")
    fields = (
        "reference",
        "appeal",
        "branch",
        "kind",
        "collected_on",
        "place",
        "amount",
        "denominations",
        "counted_by",
        "witnessed_by",
        "note",
        "recorded_by",
        "recorded_at",
        "entry",
        "reversal_reason",
        "reversed_by",
        "reversed_at",
    )
    readonly_fields = fields


@admin.register(TransferReceipt)
class TransferReceiptAdmin(LookOnly, admin.ModelAdmin[TransferReceipt]):
    """Bank transfers and cheques, newest first."""

    list_display = ("received_on", "method", "appeal", "branch", "amount", "reversed_at")
    list_filter = ("appeal", "method", ("reversed_at", admin.EmptyFieldListFilter))
    search_fields = ("reference", "branch__name")
    list_select_related = ("branch", "appeal")
    fields = (
        "reference",
        "appeal",
        "branch",
        "method",
        "received_on",
        "amount",
        "recorded_by",
        "recorded_at",
        "entry",
        "reversal_reason",
        "reversed_by",
        "reversed_at",
    )
    readonly_fields = fields


@admin.register(PayingIn)
class PayingInAdmin(LookOnly, admin.ModelAdmin[PayingIn]):
    """Payings-in, newest first."""

    list_display = ("paid_in_on", "slip_number", "amount", "reversed_at")
    list_filter = (("reversed_at", admin.EmptyFieldListFilter),)
    search_fields = ("slip_number", "reference")
    fields = (
        "reference",
        "slip_number",
        "bag_numbers",
        "paid_in_on",
        "paid_in_by",
        "paid_in_with",
        "amount",
        "note",
        "recorded_by",
        "recorded_at",
        "entry",
        "reversal_reason",
        "reversed_by",
        "reversed_at",
    )
    readonly_fields = fields
