"""What the hall sees of an appeal: the figures, true or held, and how they are to be shown."""

from dataclasses import dataclass, replace
from datetime import datetime

from appeals.models import Appeal, Direction
from appeals.progress import Reading, read_reading
from appeals.stage.figures import HallFigures, stretches_of
from appeals.stage.keeping import read_kept
from appeals.stage.news import read_news


@dataclass(frozen=True, slots=True)
class HallReading:
    """What the hall sees at one moment. No personal data, ever.

    While ``held_at`` is set (aware, in UTC) all ``figures`` are of that moment; the sequence, the
    epoch, ``as_at`` and the direction go on, and so do title and status, which are no figures.
    ``step`` is the number of the last step of direction, and 0 before the first.
    """

    figures: HallFigures
    step: int
    scene: Direction.Scene
    notice: str
    shows_promised: bool
    announces_milestone: bool
    held_at: datetime | None

    @property
    def reading(self) -> Reading:
        """The thermometer's reading, as the hall sees it."""
        return self.figures.reading

    @property
    def epoch(self) -> str:
        """Within it the sequence only grows."""
        return self.reading.epoch

    @property
    def sequence(self) -> int:
        """Grows with every posting and every change, whatever is held."""
        return self.reading.sequence

    @property
    def as_at(self) -> datetime:
        """When the books and the direction were read (aware, in UTC)."""
        return self.reading.as_at

    @property
    def is_held(self) -> bool:
        """True while the hall sees the figures of ``held_at``."""
        return self.held_at is not None

    def says_the_same_as(self, other: "HallReading") -> bool:
        """Whether they differ in nothing but the time of reading."""
        reading = replace(self.reading, as_at=other.as_at)
        return replace(self, figures=replace(self.figures, reading=reading)) == other


def read_hall(appeal: Appeal) -> HallReading:
    """What the hall sees now: three queries of index look-ups, whatever the books hold."""
    direction = Direction.objects.select_related("held").filter(appeal=appeal).first() or Direction(
        appeal=appeal
    )
    return direct(direction, read_figures(appeal))


def read_figures(appeal: Appeal) -> HallFigures:
    """The true figures now: two queries."""
    # The total is read after the news, so that it lacks nothing of what has just come in.
    news = read_news(appeal)
    return HallFigures(
        reading=read_reading(appeal),
        stretches=stretches_of(appeal),
        lowered=news.lowered,
        just_in=news.just_in,
    )


def direct(direction: Direction, figures: HallFigures) -> HallReading:
    """What the hall sees of true figures under a direction."""
    held = direction.held
    return HallReading(
        figures=_hold(read_kept(held.figures), figures.reading) if held else figures,
        step=direction.step,
        scene=Direction.Scene(direction.scene),
        notice=direction.notice,
        shows_promised=direction.shows_promised,
        announces_milestone=direction.announces_milestone,
        held_at=held.held_at if held else None,
    )


def _hold(kept: HallFigures, now: Reading) -> HallFigures:
    """The kept figures, under the clock of now. Standings that are kept private now are so."""
    reading = replace(
        kept.reading,
        slug=now.slug,
        title=now.title,
        status=now.status,
        epoch=now.epoch,
        sequence=now.sequence,
        as_at=now.as_at,
        is_league_public=now.is_league_public,
    )
    return replace(kept, reading=reading)
