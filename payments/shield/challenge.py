"""The check: a sum that a browser does by itself (ALTCHA's proof of work, nobody else is asked).

Trying ten thousand cards then costs ten thousand sums; a donor's phone does one while the donor
fills in the form. Each challenge belongs to one form, lives for some minutes and opens it once.
"""

import secrets
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from altcha import Payload, create_challenge, verify_solution
from django.utils import timezone
from django.utils.crypto import salted_hmac

from payments.shield.counting import Counted, Kind, Whose, digest_of, mark
from payments.shield.limits import CHALLENGE_LIVES, DIFFICULTIES, SOLUTION_USES

_ALGORITHM: Final = "PBKDF2/SHA-256"  # browsers do it natively, on any phone of the last ten years
_LONGEST: Final = 4096  # a solution takes about 900 characters
_FORM: Final = "form"


def make_challenge(reference: UUID, *, level: int) -> dict[str, Any]:
    """A challenge for the form of this reference, as the browser's worker reads it.

    Args:
        reference: Of the form.
        level: How hard, from 1.
    """
    difficulty = DIFFICULTIES[level - 1]
    tries = difficulty.fewest + secrets.randbelow(difficulty.most - difficulty.fewest + 1)
    return create_challenge(
        _ALGORITHM,
        difficulty.iterations,
        counter=tries,
        expires_at=timezone.now() + CHALLENGE_LIVES,
        data={_FORM: str(reference)},
        hmac_secret=_secret("challenge"),
        hmac_key_secret=_secret("answer"),
    ).to_dict()


def accept_solution(solution: str, *, reference: UUID, content_digest: str) -> bool:
    """Whether this solves a challenge of this form, for the first time.

    The very same form sent twice (a double click) may bring the same solution: it leads to the
    same Checkout. With any other content a solution that was used is worth nothing.

    Args:
        solution: As the browser sent it: anything at all.
        reference: Of the form that it came with.
        content_digest: Of everything that the form says.
    """
    if not solution or len(solution) > _LONGEST:
        return False
    verified = verify_solution(
        solution, _secret("challenge"), hmac_key_secret=_secret("answer")
    ).verified
    if not verified:
        return False
    parameters = Payload.from_base64(solution).challenge.parameters  # signed, so it is ours
    if (parameters.data or {}).get(_FORM) != str(reference):
        return False
    this, with_content = (
        Counted(Kind.SOLVED, digest_of(Whose.THING, f"{parameters.nonce}{content}"))
        for content in ("", content_digest)
    )
    assert parameters.expires_at is not None  # as ``make_challenge`` sets it
    used = mark([this, with_content], until=datetime.fromtimestamp(parameters.expires_at, UTC))
    # Every use of it was for this very content, and there were few.
    return used[this] == used[with_content] <= SOLUTION_USES


def _secret(purpose: str) -> bytes:
    return salted_hmac(f"shield:{purpose}", "altcha", algorithm="sha256").digest()
