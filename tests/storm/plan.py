"""What a storm is to be: so many payments, such weather, so many deaths."""

import random
from dataclasses import dataclass
from typing import Final

APPEALS: Final = ("rally", "strike-fund", "premises")
BRANCHES: Final = ("bristol", "cardiff", "glasgow", "hull", "leeds")
TREASURER: Final = "national"
PASSWORD: Final = "a password for the storm"
WEBHOOK_SECRET: Final = "whsec_of_the_storm"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A storm. The same seed makes the same donors, in the same order, with the same fates.

    Which process dies at which moment of the work depends on the machine as well, so that no two
    runs are the same.

    Attributes:
        payments: How many donors give.
        seed: Of all dice.
        minutes: When it is over at the latest, whether all have given or not.
        with_redis: Two web processes, two of Celery's workers, beat and Redis; without, the two
            web processes do all the work.
        donors: How many give at the same time.
        per_second: At most so many begin in a second; None for as many as can.
        process_dies_every: Seconds between two deaths of processes, [least, most].
        database_dies_every: Seconds between two deaths of PostgreSQL, [least, most].
        rounds: It goes on until each kind of death came so often.
    """

    payments: int
    seed: int = 1
    minutes: float = 20.0
    with_redis: bool = False
    donors: int = 8
    per_second: float | None = None
    process_dies_every: tuple[float, float] = (4.0, 10.0)
    database_dies_every: tuple[float, float] = (15.0, 40.0)
    rounds: int = 1

    def dice(self, *whose: object) -> random.Random:
        """Dice of their own for one part of the storm, or for one donor."""
        return random.Random(f"{self.seed}:{whose}")  # noqa: S311 - no secret
