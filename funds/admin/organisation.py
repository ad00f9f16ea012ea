"""The organisation and its funds in the admin."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from funds.admin.doors import SetUp
from funds.models import Account, Fund, Organisation


class OrganisationForm(forms.ModelForm[Organisation]):
    """Offers the currencies that the site knows; checks the time zone's name."""

    currency = forms.ChoiceField(choices=[(code, code) for code in settings.CURRENCIES])

    class Meta:
        model = Organisation
        fields = (
            "name",
            "imprint",
            "contact_email",
            "privacy_notice",
            "regime",
            "identified_donation_limit",
            "identified_donation_limit_from",
            "refund_second_person_above",
            "reversal_second_person_above",
            "currency",
            "time_zone",
        )

    def clean_time_zone(self) -> str:
        """A name that the time zone database knows."""
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise ValidationError("No such time zone. Write it like Europe/London.")
        return name


@admin.register(Organisation)
class OrganisationAdmin(SetUp, admin.ModelAdmin[Organisation]):
    """The one organisation: added once, then changed."""

    form = OrganisationForm

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """While there is none."""
        return not Organisation.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never."""
        return False

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002 - Django's signature
        obj: Organisation | None = None,
    ) -> tuple[str, ...]:
        """The currency stays once there are accounts in it."""
        return ("currency",) if obj is not None and Account.objects.exists() else ()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is nothing to choose from: go on to the one."""
        if Organisation.objects.exists():
            return redirect("admin:funds_organisation_change", 1)
        return super().changelist_view(request, extra_context)

    def save_model(
        self,
        request: HttpRequest,
        obj: Organisation,
        form: forms.ModelForm[Organisation],
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """The one row has the number 1."""
        obj.pk = 1
        super().save_model(request, obj, form, change)


@admin.register(Fund)
class FundAdmin(SetUp, admin.ModelAdmin[Fund]):
    """What money is kept for."""

    list_display = ("name", "restricted")
    list_filter = ("restricted",)
    search_fields = ("name",)
