"""The users' own doors, opened by a program: the give form, Checkout, the treasurer's forms.

What comes in here went through the same forms, checks and webhooks as what people enter.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import TracebackType
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

import httpx

from whipround.demo.scenario import CardGift, Collection

TEST_CARD: Final = "4242424242424242"
Fields: TypeAlias = dict[str, str] | dict[str, str | list[str]]

EMAIL: Final = "monthly@example.org"
_INPUT: Final = re.compile(r"<input[^>]*>")
_ATTRIBUTE: Final = re.compile(r'([\w-]+)="([^"]*)"')


class DoorError(RuntimeError):
    """A door did not open as it does for users; the message says which and how it answered."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the site and the stand-in for Stripe are. Addresses have no trailing slash."""

    site: str
    stripe: str


class Donor:
    """Gives by card, as a visitor with a browser does."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._http = httpx.Client(base_url=doors.site, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def give(self, gift: CardGift) -> None:
        """Fill in the form, go on to Checkout, pay with the test card."""
        self._http.cookies.clear()  # each is another person, with a browser of their own
        address = f"/appeals/{gift.appeal}/give/"
        form = hidden_fields(read_page(self._http.get(address)))
        answer = self._http.post(
            address,
            data={
                **form,
                "amount": str(gift.amount),
                "branch": gift.branch,
                "frequency": "monthly" if gift.is_monthly else "once",
                "name": gift.name,
                **({"show_name": "on", "name_form": gift.name_form} if gift.name else {}),
                "email": EMAIL if gift.is_monthly else "",
            },
            headers={"Referer": f"{self._doors.site}{address}"},
        )
        if answer.status_code != 303:
            raise DoorError(f"POST {address} answered {answer.status_code}, not 303 to Checkout")
        session = urlsplit(answer.headers["Location"]).path.rsplit("/", 1)[-1]
        paid = httpx.post(
            f"{self._doors.stripe}/_pretend/pay",
            json={"session": session, "card": TEST_CARD},
            timeout=30,
        )
        read_page(paid)


class Treasurer:
    """Enters cash and transfers, and keeps a counting table, logged in. ``site`` is where."""

    def __init__(self, doors: Doors, *, username: str, password: str) -> None:
        self.site = doors.site
        self._http = httpx.Client(base_url=doors.site, timeout=30)
        answer = self._post("/accounts/login/", {"login": username, "password": password})
        if answer.status_code != 302:
            raise DoorError(f"log-in of {username} answered {answer.status_code}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def record_collection(self, collection: Collection, *, collected_on: date) -> None:
        """Enter a counted bucket or a stall's takings."""
        self.submit(
            "/treasurer/collections/new/",
            {
                "appeal": collection.appeal,
                "branch": collection.branch,
                "kind": collection.kind,
                "collected_on": collected_on.isoformat(),
                "place": collection.place,
                "amount": str(collection.amount),
                "counted_by": "Branch treasurer",
                "witnessed_by": "Second counter",
            },
        )

    def record_transfer(
        self, *, appeal: str, amount: Decimal, received_on: date, bank_reference: str
    ) -> None:
        """Enter what reached the bank by itself."""
        self.submit(
            "/treasurer/transfers/new/",
            {
                "appeal": appeal,
                "method": "transfer",
                "amount": str(amount),
                "received_on": received_on.isoformat(),
                "bank_reference": bank_reference,
                "name": "A supporter of the premises",
                "address": "1 Example Street, London E1 1AA",
                "declares_own_money": "on",
            },
        )

    def read(self, address: str) -> str:
        """A page, as it is shown."""
        return read_page(self._http.get(address))

    def submit(self, address: str, fields: Fields, *, to: str = "") -> str:
        """Fill in the form of a page and send it; answers the address that it led to."""
        answer = self._post(address, fields, to=to)
        if answer.status_code not in {302, 303}:
            raise DoorError(f"POST {address} answered {answer.status_code}: {_errors(answer.text)}")
        return str(answer.headers["Location"])

    def _post(self, address: str, fields: Fields, *, to: str = "") -> httpx.Response:
        form = hidden_fields(self.read(address))
        return self._http.post(
            to or address,
            data={**form, **fields},
            headers={"Referer": f"{self.site}{address}"},
        )


def read_page(answer: httpx.Response) -> str:
    """A page that was shown.

    Raises:
        DoorError: It was not.
    """
    if answer.status_code != 200:
        raise DoorError(f"{answer.request.url} answered {answer.status_code}")
    return answer.text


def hidden_fields(page: str) -> dict[str, str]:
    """What the page's form sends by itself: its CSRF token and its reference."""
    fields: dict[str, str] = {}
    for tag in _INPUT.findall(page):
        attributes = dict(_ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and attributes.get("name"):
            fields[attributes["name"]] = attributes.get("value", "")
    return fields


def _errors(page: str) -> str:
    """The words of a refused form."""
    found = re.findall(r'class="[^"]*field__error[^"]*"[^>]*>([^<]+)<', page)
    return "; ".join(text.strip() for text in found) or "no error was shown"
