"""One stand-in and one endpoint for all tests here; each test begins with both empty."""

from collections.abc import Iterator

import pytest
import stripe

from tests.pretend_stripe.process import PretendStripe, running_pretend_stripe
from tests.pretend_stripe.sink import Sink, running_sink

SECRET = "whsec_of_the_sink"


@pytest.fixture(scope="module")
def _both() -> Iterator[tuple[PretendStripe, Sink]]:
    with (
        running_sink() as sink,
        running_pretend_stripe(
            webhook_url=sink.url,
            webhook_secret=SECRET,
            retry_seconds=(0.05, 0.1, 0.2),
            knobs={"charge_updated_delay_seconds": [0.05, 0.05]},
        ) as pretend,
    ):
        yield pretend, sink


@pytest.fixture
def pretend(_both: tuple[PretendStripe, Sink]) -> PretendStripe:
    pretend, sink = _both
    pretend.reset()
    sink.clear()
    return pretend


@pytest.fixture
def sink(_both: tuple[PretendStripe, Sink], pretend: PretendStripe) -> Sink:
    return _both[1]


@pytest.fixture
def client(pretend: PretendStripe) -> Iterator[stripe.StripeClient]:
    with pretend.sdk() as client:
        yield client
