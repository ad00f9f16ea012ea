"""The admin's pages about appeals, and about the branches and regions that open pages name."""

from appeals.admin.appeals import AppealAdmin
from appeals.admin.places import BranchAdmin, RegionAdmin

__all__ = ["AppealAdmin", "BranchAdmin", "RegionAdmin"]
