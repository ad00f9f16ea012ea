"""The README promises things that can be looked up."""

import inspect
import re

import pytest

from payments.stripe_gateway import API_VERSION
from payments.stripe_gateway.reading import EVENT_TYPES
from whipround import environment
from whipround.embedded import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()


def test_the_webhook_endpoint_is_told_every_event_that_we_act_upon() -> None:
    kinds = "checkout|payment_intent|charge|refund|payout|invoice|invoice_payment|customer"
    listed = set(re.findall(rf"`((?:{kinds})\.[\w.]+)`", README))

    assert listed == set(EVENT_TYPES)
    assert f"`{API_VERSION}`" in README


def test_every_variable_is_listed_and_read() -> None:
    listed = set(re.findall(r"^   \| `([A-Z_]+)` \|", README, re.MULTILINE))
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', inspect.getsource(environment)))

    assert listed == read


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            path
            for row in re.findall(r"^\|[^|]+\|([^|]+)\|$", README, re.MULTILINE)
            for path in re.findall(r"`([a-z_]+/[\w./]*)`", row)
        }
        | set(re.findall(r'(?:\(|src=")(docs/[\w./-]+)', README))
    ),
)
def test_what_the_readme_points_at_is_there(path: str) -> None:
    assert (PROJECT_ROOT / path).exists()
