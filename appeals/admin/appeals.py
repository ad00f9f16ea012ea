"""Appeals in the admin: set up and changed here, their accounts opened with them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.forms import ModelForm
from django.http import HttpRequest

from appeals.accounts import open_accounts
from appeals.admin.forms import AppealForm, BranchTargetForm, BranchTargetFormSet
from appeals.announce import announce_change
from appeals.models import Appeal, AppealAccount, BranchTarget
from funds.admin.doors import SetUp
from funds.models import Balance
from funds.money import Money, from_minor, zero

_INCOME_ROLES = (
    AppealAccount.Role.CARD,
    AppealAccount.Role.CASH,
    AppealAccount.Role.TRANSFER,
    AppealAccount.Role.SALES,
)


class BranchTargetInline(SetUp, admin.TabularInline[BranchTarget, Appeal]):
    """The branches' shares."""

    model = BranchTarget
    form = BranchTargetForm
    formset = BranchTargetFormSet
    fields = ("branch", "amount")
    extra = 1
    autocomplete_fields = ("branch",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BranchTarget]:
        """With the branches, by name."""
        targets = super().get_queryset(request)
        return targets.select_related("branch", "appeal").order_by("branch__name")


@admin.register(Appeal)
class AppealAdmin(SetUp, admin.ModelAdmin[Appeal]):
    """Appeals. An unwanted one stays a draft, or is closed: its accounts are part of the books."""

    form = AppealForm
    list_display = ("title", "status", "goal", "raised", "branches", "opens_at", "closes_at")
    list_filter = ("status", "fund", "is_standing")
    search_fields = ("title", "slug")
    date_hierarchy = "opens_at"
    inlines = (BranchTargetInline,)
    readonly_fields = ("shared_out",)
    fieldsets = (
        (None, {"fields": ("title", "slug", "story", "fund", "status", "is_standing")}),
        ("Target", {"fields": ("target_amount", "shared_out", "stretch_targets", "show_league")}),
        ("Time", {"fields": ("opens_at", "closes_at")}),
        ("Giving by card", {"fields": ("suggested_amounts", "minimum")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        """With what was raised, in one query for the whole list."""
        raised = (
            Balance.objects.filter(
                account__appeal_account__appeal=OuterRef("pk"),
                account__appeal_account__role__in=_INCOME_ROLES,
            )
            .order_by()
            .values("account__appeal_account__appeal")
            .annotate(minor=Sum(F("credit_minor") - F("debit_minor")))
            .values("minor")
        )
        appeals = super().get_queryset(request).annotate(branch_count=Count("branch_targets"))
        return appeals.annotate(raised_minor=Subquery(raised))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never."""
        return False

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Appeal | None = None,
    ) -> tuple[str, ...]:
        """The address stays once it may be on a poster; the fund once accounts are opened in it."""
        if obj is None:
            return ("shared_out",)
        if obj.status == Appeal.Status.DRAFT:
            return ("shared_out", "fund")
        return ("shared_out", "fund", "slug")

    def get_prepopulated_fields(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Appeal | None = None,
    ) -> dict[str, Sequence[str]]:
        """The address of a new appeal is made from its title."""
        return {"slug": ("title",)} if obj is None else {}

    def save_related(
        self,
        request: HttpRequest,
        form: ModelForm[Appeal],
        formsets: Any,  # noqa: ANN401 - of several kinds
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """With its last part saved, the appeal gets its accounts, and open pages hear of it."""
        super().save_related(request, form, formsets, change)
        open_accounts(form.instance)
        announce_change(form.instance.pk)

    @admin.display(description="Target", ordering="target")
    def goal(self, appeal: Appeal) -> Money:
        """The main target."""
        return appeal.target

    @admin.display(description="Raised", ordering="raised_minor")
    def raised(self, appeal: Appeal) -> Money:
        """By every road, net of refunds."""
        return from_minor(vars(appeal)["raised_minor"] or 0, appeal.currency)

    @admin.display(description="Branches with a target", ordering="branch_count")
    def branches(self, appeal: Appeal) -> int:
        """How many."""
        return int(vars(appeal)["branch_count"])

    @admin.display(description="Shared out to branches")
    def shared_out(self, appeal: Appeal) -> str:
        """The sum of the branches' targets, beside the main one, as last saved."""
        if not appeal.pk:
            return "Nothing yet"
        targets = [share.target for share in appeal.branch_targets.all()]
        shared = sum(targets, zero(appeal.currency))
        rest = appeal.target - shared
        words = (
            "exactly the target"
            if not rest.amount
            else f"{abs(rest)} {'less' if rest.amount > 0 else 'more'} than the target"
        )
        return f"{shared} over {len(targets)} branches: {words}"
