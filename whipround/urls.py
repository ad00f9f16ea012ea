"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from whipround import health

urlpatterns = [
    path("", include("appeals.urls")),
    path("", include("payments.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
