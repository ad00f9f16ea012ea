"""Idempotency keys: the same request twice is done once and answered alike.

Source: docs.stripe.com/api/idempotent_requests.
"""

from dataclasses import dataclass

from payments.pretend_stripe.wire import ApiError
from payments.pretend_stripe.world import World

_KEPT_SECONDS = 24 * 60 * 60
_LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


@dataclass(kw_only=True)
class KeptAnswer:
    """What was asked under a key and what was answered: nothing yet while it is worked on."""

    asked: tuple[str, bytes]
    request_id: str
    until: float
    answer: Answer | None = None


def begin(world: World, key: str, *, asked: tuple[str, bytes], request_id: str) -> KeptAnswer:
    """The place of a key: the old one with its answer, or a new one without.

    Args:
        world: Where it happens.
        key: The header ``Idempotency-Key``.
        asked: Path and body, as they were sent.
        request_id: This request's.

    Raises:
        ApiError: The key was used for another request, or its first request is still going on.
    """
    if len(key) > _LONGEST_KEY:
        raise ApiError(f"Idempotency keys can be up to {_LONGEST_KEY} characters long.")
    kept: KeptAnswer | None = world.answers.get(key)
    if kept is None or kept.until <= world.clock.now():
        kept = KeptAnswer(
            asked=asked, request_id=request_id, until=world.clock.now() + _KEPT_SECONDS
        )
        world.answers[key] = kept
        return kept
    if kept.asked != asked:
        raise ApiError(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            kind="idempotency_error",
        )
    if kept.answer is None:
        raise ApiError(
            "There is currently another in-progress request using this Idempotent Key (that "
            "probably means you submitted twice, and the other request is still going through): "
            f"{key}. Please try again later.",
            status=409,
            kind="idempotency_error",
            code="idempotency_key_in_use",
        )
    return kept


def forget(world: World, key: str, kept: KeptAnswer) -> None:
    """Give a key back whose request was refused before the work began."""
    if world.answers.get(key) is kept:
        del world.answers[key]
