"""Log-ins and their roles."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from funds.models.organisation import Branch


class User(AbstractUser):
    """A log-in. What it may do stands in its memberships."""


class Membership(models.Model):
    """A role that a user holds, for one branch or for the whole organisation."""

    class Role(models.TextChoices):
        """What a person does for the organisation."""

        NATIONAL_TREASURER = "national", "National treasurer"
        BRANCH_TREASURER = "branch", "Branch treasurer"
        CHAIR = "chair", "Chair or collection speaker"
        OPERATOR = "operator", "Operator"
        REGISTRAR = "registrar", "Registrar of large donations"

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    branch = models.ForeignKey(
        Branch, models.PROTECT, null=True, blank=True, related_name="memberships"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "branch"],
                name="membership_is_held_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="membership_names_a_branch_exactly_for_branch_treasurers",
                condition=models.Q(role="branch", branch__isnull=False)
                | (~models.Q(role="branch") & models.Q(branch__isnull=True)),
                violation_error_message="A branch treasurer needs a branch; other roles have none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}{f', {self.branch}' if self.branch else ''}"
