"""Hears, over PostgreSQL's LISTEN, what changed in the books and the appeals.

An announcement only names what changed. Those sent while we are not connected are gone, so
whoever listens reads everything anew on each ``connected``.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql

from appeals.announce import CHANNEL as APPEALS_CHANNEL

# Notified by the trigger that keeps the balances (funds migration 0002_ledger_guards).
BALANCE_CHANNEL: Final = "funds_balance"

_LONGEST_PAUSE_SECONDS: Final = 0.5
_CONNECT_TIMEOUT_SECONDS: Final = 5

logger = logging.getLogger(__name__)


class Bus:
    """One listening connection, made again whenever it breaks.

    Args:
        url: Of the database: a session of its own, never a pooler's shared one.
        on_connected: Called when listening begins, and begins again.
        on_announced: Called with channel and payload.
    """

    def __init__(
        self,
        url: str,
        *,
        on_connected: Callable[[], None],
        on_announced: Callable[[str, str], None],
    ) -> None:
        self._url = url
        self._on_connected = on_connected
        self._on_announced = on_announced

    async def run(self) -> None:
        """Listen until cancelled."""
        is_outage = False
        while True:
            try:
                async with await self._connect() as connection:
                    if is_outage:
                        logger.info("live: listening again")
                        is_outage = False
                    self._on_connected()
                    async for notify in connection.notifies():
                        self._on_announced(notify.channel, notify.payload)
            except (psycopg.Error, OSError) as error:
                if not is_outage:
                    logger.warning("live: not listening, trying again: %s", error)
                    is_outage = True
            # Jittered, so that several processes do not come back in step.
            await asyncio.sleep(random.uniform(0.1, _LONGEST_PAUSE_SECONDS))  # noqa: S311

    async def _connect(self) -> psycopg.AsyncConnection:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            application_name="whip-round live",
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        try:
            for channel in (BALANCE_CHANNEL, APPEALS_CHANNEL):
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except BaseException:
            await connection.close()
            raise
        return connection
