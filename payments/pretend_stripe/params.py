"""The kinds of parameters that Stripe's API takes, and how each is read and refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from payments.pretend_stripe.wire import ApiError, Form, Obj, Raw, missing

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


class Kind(Protocol):
    """Reads one parameter into its JSON value, or raises an ApiError that names it."""

    def read(self, raw: Raw, name: str) -> Any:  # noqa: ANN401 - each kind has its own type
        """Read the value of the parameter called ``name``."""


def _text(raw: Raw, name: str) -> str:
    if isinstance(raw, dict):
        raise ApiError("Invalid string: expected a value, got a group", param=name)
    if not raw:
        raise ApiError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to "
            f"unset a parameter; however '{name}' cannot be unset.",
            code="parameter_invalid_empty",
            param=name,
        )
    return raw


def _group(raw: Raw, name: str) -> Form:
    if not isinstance(raw, dict):
        raise ApiError("Invalid object", param=name)
    return raw


@dataclass(frozen=True)
class Text:
    """Any text that is not empty, of at most ``limit`` characters."""

    limit: int = 5000

    def read(self, raw: Raw, name: str) -> str:
        """Read the text."""
        text = _text(raw, name)
        if len(text) > self.limit:
            raise ApiError(
                f"Invalid string: {text[:20]}…; must be at most {self.limit} characters",
                param=name,
            )
        return text


@dataclass(frozen=True)
class Email:
    """An e-mail address."""

    def read(self, raw: Raw, name: str) -> str:
        """Read the address."""
        address = _text(raw, name)
        if not _EMAIL.fullmatch(address) or len(address) > 512:
            raise ApiError(
                f"Invalid email address: {address[:512]}", code="email_invalid", param=name
            )
        return address


@dataclass(frozen=True)
class Url:
    """An absolute web address."""

    def read(self, raw: Raw, name: str) -> str:
        """Read the address."""
        address = _text(raw, name)
        try:
            parts = urlsplit(address)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ApiError("Not a valid URL", code="url_invalid", param=name)
        return address


@dataclass(frozen=True)
class Whole:
    """A whole number from ``least`` to ``most``."""

    least: int = 0
    most: int = 10**12

    def read(self, raw: Raw, name: str) -> int:
        """Read the number."""
        digits = _text(raw, name)
        if not re.fullmatch(r"-?[0-9]{1,15}", digits):
            raise ApiError(
                f"Invalid integer: {digits[:40]}", code="parameter_invalid_integer", param=name
            )
        number = int(digits)
        if number < self.least:
            raise ApiError(
                f"This value must be greater than or equal to {self.least}.",
                code="parameter_invalid_integer",
                param=name,
            )
        if number > self.most:
            raise ApiError(
                f"This value must be less than or equal to {self.most} (it currently is "
                f"'{number}').",
                code="parameter_invalid_integer",
                param=name,
            )
        return number


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def read(self, raw: Raw, name: str) -> bool:
        """Read the flag."""
        if raw not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {raw}", param=name)
        return raw == "true"


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def read(self, raw: Raw, name: str) -> str:
        """Read the word."""
        word = _text(raw, name)
        if word not in self.options:
            raise ApiError(f"Invalid {name}: must be one of {', '.join(self.options)}", param=name)
        return word


@dataclass(frozen=True)
class Metadata:
    """Keys and values of the caller's own.

    Source: docs.stripe.com/api/metadata: 50 keys of 40 characters, values of 500; no square
    brackets in keys; an empty value unsets.
    """

    def read(self, raw: Raw, name: str) -> dict[str, str]:
        """Read the pairs, an empty text for each that is to be unset."""
        if raw == "":
            return {}
        pairs = _group(raw, name)
        if len(pairs) > 50:
            raise ApiError("Metadata can have at most 50 keys", param=name)
        for key, value in pairs.items():
            where = f"{name}[{key}]"
            if isinstance(value, dict):
                raise ApiError("Metadata values must be strings", param=where)
            if len(key) > 40 or len(value) > 500:
                raise ApiError(
                    "Metadata keys can have up to 40 characters, values up to 500", param=where
                )
        return {key: value for key, value in pairs.items() if isinstance(value, str)}


@dataclass(frozen=True)
class Items:
    """A list of one kind."""

    of: Kind
    limit: int = 100

    def read(self, raw: Raw, name: str) -> list[Any]:
        """Read the list in the order of its indexes."""
        entries = _group(raw, name)
        if not all(index.isascii() and index.isdigit() for index in entries):
            raise ApiError("Invalid array", param=name)
        if len(entries) > self.limit:
            raise ApiError(f"Too many entries: at most {self.limit}", param=name)
        return [
            self.of.read(entries[index], f"{name}[{index}]") for index in sorted(entries, key=int)
        ]


@dataclass(frozen=True)
class Record:
    """A group of named parameters; any other name is refused."""

    fields: Mapping[str, Kind]
    required: tuple[str, ...] = ()

    def read(self, raw: Raw, name: str = "") -> Obj:
        """Read the group; parameters that were not sent are not in the answer."""
        sent = _group(raw, name)
        for unknown in sent.keys() - self.fields.keys():
            path = _inner(name, unknown)
            raise ApiError(
                f"Received unknown parameter: {path} (or one that Pretend Stripe does not do)",
                code="parameter_unknown",
                param=path,
            )
        for needed in self.required:
            if needed not in sent:
                raise missing(_inner(name, needed))
        return {key: self.fields[key].read(value, _inner(name, key)) for key, value in sent.items()}


@dataclass(frozen=True)
class TimeRange:
    """An exact Unix time in seconds, or a range with ``gt``, ``gte``, ``lt``, ``lte``."""

    bounds: Record = field(
        default_factory=lambda: Record({name: Whole() for name in ("gt", "gte", "lt", "lte")})
    )

    def read(self, raw: Raw, name: str) -> Obj:
        """Read the range; an exact time is the range of that one second."""
        if isinstance(raw, dict):
            return self.bounds.read(raw, name)
        exact = Whole().read(raw, name)
        return {"gte": exact, "lte": exact}


def merged(metadata: dict[str, str], changes: dict[str, str] | None) -> dict[str, str]:
    """Metadata after it was sent: an empty value unsets its key, empty metadata unsets all."""
    if changes is None:
        return metadata
    if not changes:
        return {}
    return {key: value for key, value in (metadata | changes).items() if value}


def _inner(group: str, name: str) -> str:
    return f"{group}[{name}]" if group else name
