"""What an admin page lets its visitor do. Who comes in at all, the admin site itself decides."""

from typing import Any

from django.http import HttpRequest


class SetUp:
    """Mixed into a page about set-up: whoever is in may view, add, change, and delete the unused.

    What the books or an appeal refer to is protected from deletion by the database.
    """

    def has_module_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """Shown on the index."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Yes."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Yes."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Yes."""
        return True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Yes, as far as nothing refers to it."""
        return True


class LookOnly(SetUp):
    """Mixed into a page about money: it can be read down to its lines, and never written here.

    Not even by a superuser: a mistake is put right on the treasurer's pages, by a reversal.
    """

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Never."""
        return False
