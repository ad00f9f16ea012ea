"""Stripe's wire: form bodies in, JSON out, and errors in Stripe's shape."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Obj: TypeAlias = dict[str, Any]
"""A JSON object as it goes over the wire: amounts in minor units, times in Unix seconds (UTC)."""

Raw: TypeAlias = "str | dict[str, Raw]"
"""A parameter as it was sent. Lists arrive as ``{"0": …, "1": …}``."""

Form: TypeAlias = dict[str, Raw]

_DASHBOARD = "https://dashboard.stripe.com/test/logs"


class ApiError(Exception):
    """An answer that is an error.

    Args:
        message: For the person who reads the log.
        status: The HTTP status.
        kind: Stripe's ``type``.
        code: Stripe's short code, when it has one for the case.
        param: The parameter that is at fault, as it was written on the wire.
        kept: Whether the answer is remembered under the request's idempotency key. As at Stripe, an
            answer is remembered once the work has begun, not when the parameters were refused.
        extra: Further members of the error object, such as ``decline_code``.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        kept: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.kept = kept
        self.extra = dict(extra or {})

    def body(self, request_id: str) -> Obj:
        """The error as Stripe writes it; members without a value are left out."""
        members: Obj = {
            "code": self.code,
            "doc_url": doc_url(self.code),
            "message": self.message,
            "param": self.param,
            "request_log_url": f"{_DASHBOARD}/{request_id}",
            "type": self.kind,
        } | self.extra
        return {"error": {name: value for name, value in members.items() if value is not None}}


def doc_url(code: str | None) -> str | None:
    """Where Stripe explains an error code."""
    return None if code is None else f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def missing(param: str) -> ApiError:
    """A required parameter was not sent."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def no_such(noun: str, object_id: str, *, param: str = "id", status: int = 404) -> ApiError:
    """The object does not exist here."""
    return ApiError(
        f"No such {noun}: '{object_id}'", status=status, code="resource_missing", param=param
    )


def read_form(encoded: bytes) -> Form:
    """Decode ``a[b][0]=c`` into nested dictionaries.

    Raises:
        ApiError: The bytes are not a form, or one name is both a value and a group.
    """
    try:
        pairs = parse_qsl(
            encoded.decode(), keep_blank_values=True, strict_parsing=bool(encoded), errors="strict"
        )
    except ValueError as error:
        raise ApiError(f"The form could not be read: {error}") from error
    form: Form = {}
    for name, value in pairs:
        *groups, last = _steps(name)
        place = form
        for group in groups:
            inner = place.setdefault(group or str(len(place)), {})
            if not isinstance(inner, dict):
                raise ApiError(f"Invalid parameter name: {name}", param=name)
            place = inner
        place[last or str(len(place))] = value
    return form


def _steps(name: str) -> list[str]:
    """``a[b][]`` -> ``["a", "b", ""]``; an empty step means "the next in the list"."""
    head, bracket, rest = name.partition("[")
    if not bracket:
        return [head]
    if not head or not rest.endswith("]"):
        raise ApiError(f"Invalid parameter name: {name}", param=name)
    return [head, *rest[:-1].split("][")]


def to_json(value: object) -> bytes:
    """Encode an answer or an event, compactly."""
    return json.dumps(value, separators=(",", ":")).encode()
