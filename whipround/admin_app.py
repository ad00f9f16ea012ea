"""Puts our admin in the place of Django's, without the pages that are nobody's business."""

from django.apps import apps
from django.contrib.admin.apps import AdminConfig


class SetUpAdminConfig(AdminConfig):
    """Django's admin with ``SetUpSite``. Log-in secrets and unused groups have no page in it."""

    default_site = "whipround.set_up.SetUpSite"

    def ready(self) -> None:
        """Collect every app's pages, then take out what libraries put in for themselves."""
        super().ready()
        from django.contrib import admin  # noqa: PLC0415 - needs the apps to be loaded

        ours = {"appeals", "donors", "funds", "payments"}
        for model in apps.get_models():
            label = model._meta.app_label  # noqa: SLF001 - Django documents it as public
            if label not in ours and admin.site.is_registered(model):
                admin.site.unregister(model)
