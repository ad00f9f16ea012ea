"""The books in the admin: from a balance to its postings to their entries, to look at only."""

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from funds.admin.doors import LookOnly
from funds.models import Account, Balance, JournalEntry, Posting
from funds.money import Money, from_minor


def _postings_link(words: str, **lookup: int) -> SafeString:
    address = reverse("admin:funds_posting_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(lookup), words)


@admin.register(Account)
class AccountAdmin(LookOnly, admin.ModelAdmin[Account]):
    """The chart of accounts, each with what it holds."""

    list_display = ("name", "code", "kind", "currency", "fund", "balance", "lines")
    list_filter = ("kind", "currency", "fund")
    search_fields = ("code", "name")
    fields = ("name", "code", "kind", "currency", "fund", "balance", "lines")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        """With their funds, and the sums of the balances that the database keeps."""
        accounts = super().get_queryset(request).select_related("fund")
        return accounts.annotate(
            debits=Sum("balances__debit_minor", default=0),
            credits=Sum("balances__credit_minor", default=0),
        )

    @admin.display(description="Balance")
    def balance(self, account: Account) -> Money:
        """On the side that increases the account."""
        held = vars(account)
        minor = held["debits"] - held["credits"]
        return from_minor(minor if account.is_increased_by_debit else -minor, account.currency)

    @admin.display(description="Lines")
    def lines(self, account: Account) -> SafeString:
        """Where the balance comes from."""
        return _postings_link("postings", account__id__exact=account.pk)


class PostingInline(LookOnly, admin.TabularInline[Posting, JournalEntry]):
    """An entry's lines."""

    model = Posting
    extra = 0
    fields = ("account", "side", "amount", "branch")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Posting]:
        """With the accounts and branches that are shown."""
        return super().get_queryset(request).select_related("account", "branch")


@admin.register(JournalEntry)
class JournalEntryAdmin(LookOnly, admin.ModelAdmin[JournalEntry]):
    """The journal, newest first."""

    list_display = (
        *("posted_at", "occurred_on", "booked_on"),
        *("kind", "memo", "amount", "is_standing"),
    )
    list_filter = ("kind", "occurred_on", "booked_on")
    search_fields = ("memo", "source_key")
    ordering = ("-pk",)
    list_select_related = ("reversed_by",)
    fields = (
        "source_key",
        "kind",
        "occurred_on",
        "booked_on",
        "posted_at",
        "memo",
        "reverses",
        "reversed_by_entry",
        "digest",
    )
    readonly_fields = fields
    inlines = (PostingInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalEntry]:
        """With their postings and accounts, for the amount."""
        return super().get_queryset(request).prefetch_related("postings__account")

    @admin.display(description="Amount")
    def amount(self, entry: JournalEntry) -> Money:
        """The sum of the debits, and so of the credits."""
        debits = [p for p in entry.postings.all() if p.side == Posting.Side.DEBIT]
        currency = debits[0].account.currency
        return from_minor(sum(posting.amount_minor for posting in debits), currency)

    @admin.display(description="Stands", boolean=True)
    def is_standing(self, entry: JournalEntry) -> bool:
        """False for an entry that was reversed."""
        return not hasattr(entry, "reversed_by")

    @admin.display(description="Reversed by")
    def reversed_by_entry(self, entry: JournalEntry) -> str:
        """The entry that cancels this one."""
        opposite = getattr(entry, "reversed_by", None)
        if opposite is None:
            return "nothing"
        address = reverse("admin:funds_journalentry_change", args=[opposite.pk])
        return format_html('<a href="{}">{}</a>', address, opposite)


@admin.register(Posting)
class PostingAdmin(LookOnly, admin.ModelAdmin[Posting]):
    """Every line of the books, newest first."""

    list_display = ("occurred_on", "account", "branch", "side", "amount", "entry_link")
    list_display_links = None
    list_filter = ("side", "account__kind", "entry__kind")
    search_fields = ("account__code", "account__name", "branch__name", "entry__source_key")
    ordering = ("-pk",)
    list_select_related = ("entry", "account", "branch")
    fields = ("entry", "account", "side", "amount", "branch")
    readonly_fields = fields

    @admin.display(description="Date", ordering="entry__occurred_on")
    def occurred_on(self, posting: Posting) -> object:
        """The organisation's local date on which the money moved."""
        return posting.entry.occurred_on

    @admin.display(description="Entry")
    def entry_link(self, posting: Posting) -> SafeString:
        """The whole entry."""
        address = reverse("admin:funds_journalentry_change", args=[posting.entry_id])
        return format_html('<a href="{}">{}</a>', address, posting.entry.memo or posting.entry_id)


@admin.register(Balance)
class BalanceAdmin(LookOnly, admin.ModelAdmin[Balance]):
    """What every account holds for every branch, as the database keeps it."""

    list_display = ("account", "branch", "debit", "credit", "postings", "lines")
    list_filter = ("account__kind",)
    search_fields = ("account__code", "account__name", "branch__name")
    ordering = ("account__code", "branch__name")
    list_select_related = ("account", "branch")
    fields = ("account", "branch", "debit", "credit", "postings", "lines")
    readonly_fields = fields

    @admin.display(description="Debits", ordering="debit_minor")
    def debit(self, balance: Balance) -> Money:
        """The sum of the debits."""
        return from_minor(balance.debit_minor, balance.account.currency)

    @admin.display(description="Credits", ordering="credit_minor")
    def credit(self, balance: Balance) -> Money:
        """The sum of the credits."""
        return from_minor(balance.credit_minor, balance.account.currency)

    @admin.display(description="Lines")
    def lines(self, balance: Balance) -> SafeString:
        """Where the balance comes from."""
        branch = (
            {"branch__isnull": 1}
            if balance.branch_id is None
            else {"branch__id__exact": balance.branch_id}
        )
        return _postings_link("postings", account__id__exact=balance.account_id, **branch)
