"""Who may do what: the roles of a user, read once per request."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from funds.models import Branch, Membership, User

Role = Membership.Role


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may see and do. Nobody logged in may do nothing."""

    roles: frozenset[Membership.Role]
    own_branches: tuple[Branch, ...]

    @property
    def is_national_treasurer(self) -> bool:
        """May see and record for every branch, and record bank transfers."""
        return Role.NATIONAL_TREASURER in self.roles

    @property
    def is_treasurer(self) -> bool:
        """May enter the treasurer's pages at all."""
        return self.is_national_treasurer or Role.BRANCH_TREASURER in self.roles

    @property
    def is_chair(self) -> bool:
        """Directs the hall screen; sees no branch's pages and no donor."""
        return Role.CHAIR in self.roles

    @property
    def is_operator(self) -> bool:
        """Sets up appeals, branches and log-ins; never writes the books and sees no donor."""
        return Role.OPERATOR in self.roles

    @property
    def may_read_givers(self) -> bool:
        """Sees who gave what is over the organisation's limit. No other role has this with it."""
        return Role.REGISTRAR in self.roles

    @property
    def role_names(self) -> list[str]:
        """What the roles are called, in alphabetical order."""
        return sorted(str(role.label) for role in self.roles)

    def may_act_for(self, branch: Branch | None) -> bool:
        """True for a branch of one's own; the national treasurer acts for all and for none."""
        if self.is_national_treasurer:
            return True
        return branch is not None and any(own.pk == branch.pk for own in self.own_branches)


def read_access(user: User | AnonymousUser) -> Access:
    """The roles of a user; one query. Inactive and anonymous users have none."""
    if not user.is_authenticated or not user.is_active:
        return Access(frozenset(), ())
    memberships = Membership.objects.filter(user_id=user.pk).select_related("branch__region")
    held = list(memberships.order_by("branch__name"))
    return Access(
        roles=frozenset(Role(membership.role) for membership in held),
        own_branches=tuple(
            membership.branch for membership in held if membership.branch is not None
        ),
    )
