"""Branches and regions in the admin. They are here since renaming one changes open pages."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from appeals.announce import announce_change_of_all
from funds.admin.doors import SetUp
from funds.models import Branch, Region


class Announced(SetUp):
    """Mixed into a page about what league tables name: a change is announced with its commit."""

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,  # noqa: ANN401 - a branch or a region
        form: ModelForm[Any],
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """Save, and let open pages read anew."""
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        if change:
            announce_change_of_all()


@admin.register(Region)
class RegionAdmin(Announced, admin.ModelAdmin[Region]):
    """Parts of the country."""

    list_display = ("name", "slug", "branches")
    search_fields = ("name",)
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Region]:
        """With the number of their branches."""
        return super().get_queryset(request).annotate(branch_count=Count("branches"))

    @admin.display(description="Branches", ordering="branch_count")
    def branches(self, region: Region) -> int:
        """How many belong to it."""
        return int(vars(region)["branch_count"])


@admin.register(Branch)
class BranchAdmin(Announced, admin.ModelAdmin[Branch]):
    """Who collects. A branch that ever did is made inactive, not deleted."""

    list_display = ("name", "region", "slug", "members", "is_active")
    list_filter = ("is_active", "region")
    search_fields = ("name", "slug", "region__name")
    list_select_related = ("region",)
    autocomplete_fields = ("region",)
    prepopulated_fields = {"slug": ("name",)}
