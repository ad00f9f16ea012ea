"""Proves that the steps of direction explain what each hall is shown."""

from collections.abc import Iterator
from typing import Final

from funds.audit import Difference, query

# Each step of a hall, with the one before it; and the direction, as a step that follows the last.
_STEPS_SQL: Final = """
WITH steps AS (
    SELECT appeal_id, number, before, after, undoes_id FROM appeals_directionstep
    UNION ALL
    SELECT appeal_id, step + 1,
           jsonb_build_object('scene', scene, 'notice', notice, 'shows_promised', shows_promised,
                              'announces_milestone', announces_milestone, 'held', held_id),
           NULL, NULL
      FROM appeals_direction
), told AS (
    SELECT s.*, lag(number, 1, 0::bigint) OVER hall AS former_number,
           lag(after) OVER hall AS former_after
      FROM steps s WINDOW hall AS (PARTITION BY appeal_id ORDER BY number)
)
SELECT a.slug, told.number, told.after IS NULL,
       told.number <> told.former_number + 1,
       told.former_after IS NOT NULL AND told.before <> told.former_after,
       undone.before IS NOT NULL AND told.after <> undone.before
  FROM told
  JOIN appeals_appeal a ON a.id = told.appeal_id
  LEFT JOIN appeals_directionstep undone ON undone.id = told.undoes_id
 ORDER BY a.slug, told.number
"""


def audit_directions() -> Iterator[Difference]:
    """Steps that do not follow from each other, and directions that do not follow from them."""
    for slug, number, is_now, skips, changes, restores_other in query(_STEPS_SQL):
        subject = f"the hall of {slug}"
        what = "its direction" if is_now else f"step {number}"
        if skips:
            yield Difference("stage", subject, f"a step is missing before {what}")
        if changes:
            yield Difference("stage", subject, f"{what} does not follow from the step before")
        if restores_other:
            yield Difference("stage", subject, f"{what} did not bring back what it undid")
