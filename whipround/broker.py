"""Kombu's transport over Redis, with one hole mended.

A channel whose connection is gone asks it for its address all the same, when it gives back what
it had not acknowledged. Kombu 5.7 then raises ``AttributeError``, which Celery takes for a fault of
its own: the worker ends. Told as what it is, a lost connection, it is made anew.
"""

from typing import Any

from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as BrokerGoneError


class Channel(kombu_redis.Channel):
    """A channel that says that its connection is gone."""

    def _connparams(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - Kombu's
        if self.connection is None or self.connection.client is None:
            raise BrokerGoneError("The connection to the broker is closed.")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]


class Transport(kombu_redis.Transport):
    """What Celery's setting ``broker_transport`` names."""

    Channel = Channel
