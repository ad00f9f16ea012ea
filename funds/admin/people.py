"""Log-ins and their roles in the admin."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from funds.admin.doors import SetUp
from funds.models import Membership, User


class MembershipInline(SetUp, admin.TabularInline[Membership, User]):
    """What a log-in may do."""

    model = Membership
    extra = 1
    autocomplete_fields = ("branch",)
    verbose_name_plural = "roles"


@admin.register(User)
class UserAdmin(SetUp, DjangoUserAdmin[User]):
    """Log-ins. One that recorded anything stays: take its tick "active" away instead."""

    list_display = ("username", "full_name", "email", "roles", "has_two_steps", "is_active")
    list_filter = ("is_active", "memberships__role")
    search_fields = ("username", "first_name", "last_name", "email", "memberships__branch__name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    inlines = (MembershipInline,)
    actions = ("turn_off_two_steps",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With their roles, and whether a second step is set up. Only superusers see their like."""
        users: QuerySet[User] = super().get_queryset(request)
        users = users.prefetch_related("memberships__branch")
        if not request.user.is_superuser:
            users = users.filter(is_superuser=False)
        two_steps = Authenticator.objects.filter(user=OuterRef("pk"))
        return users.annotate(two_steps=Exists(two_steps))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never: who recorded what stays known."""
        return False

    @admin.display(description="Name", ordering="last_name")
    def full_name(self, user: User) -> str:
        """First and last name."""
        return user.get_full_name()

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """All of them, in words."""
        return "; ".join(str(membership) for membership in user.memberships.all())

    @admin.display(description="Two-step log-in", boolean=True, ordering="two_steps")
    def has_two_steps(self, user: User) -> bool:
        """True once a second step was set up."""
        return bool(vars(user)["two_steps"])

    @admin.action(description="Turn off two-step log-in (a lost phone)")
    def turn_off_two_steps(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Let people in who lost their second step: they set it up again."""
        Authenticator.objects.filter(user__in=list(users)).delete()
        self.message_user(
            request, "They log in with their password alone until they set it up.", messages.SUCCESS
        )
