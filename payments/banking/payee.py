"""Where donors are asked to pay to: an account's details as slips print them."""

import re
from typing import Final

from django.utils import timezone

from funds.models import User
from payments.models import BankAccount
from payments.recording import RecordRefusedError

_SORT_CODE: Final = re.compile(r"[0-9]{6}")
_NUMBER: Final = re.compile(r"[0-9]{8}")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def say_payee(
    account: BankAccount, *, name: str, sort_code: str, number: str, by: User
) -> BankAccount:
    """Say what slips print of an account, from now on; who said it is kept with it.

    Args:
        account: One of the organisation's.
        name: In whose name it is, as banks check it.
        sort_code: Six figures, however grouped; empty with an IBAN.
        number: Eight figures with a sort code, or an IBAN.
        by: Who is logged in. That they are national treasurer was checked before.

    Raises:
        RecordRefusedError: Money sent there would go astray; names the field. Nothing is written.
    """
    name, code = " ".join(name.split()), re.sub(r"[\s-]", "", sort_code)
    number = re.sub(r"[\s-]", "", number).upper()
    if not name:
        raise RecordRefusedError("name", "Give the name that the account is in.")
    if not code:
        _require_iban(number)
    elif not _SORT_CODE.fullmatch(code):
        raise RecordRefusedError("sort_code", "A sort code has six figures, like 60-83-01.")
    elif not _NUMBER.fullmatch(number):
        raise RecordRefusedError("number", "With a sort code, the number has eight figures.")
    account.payee_name = name[:70]
    account.payee_sort_code = "-".join((code[:2], code[2:4], code[4:])) if code else ""
    account.payee_number = number
    account.payee_said_by = by
    account.payee_said_at = timezone.now()
    account.save(
        update_fields=[
            *("payee_name", "payee_sort_code", "payee_number"),
            *("payee_said_by", "payee_said_at"),
        ]
    )
    return account


def _require_iban(number: str) -> None:
    """Refuse a number that cannot be an IBAN. Source: ISO 13616, and ISO 7064 (modulo 97)."""
    if not _IBAN.fullmatch(number):
        raise RecordRefusedError(
            "number", "Give the IBAN, or the sort code and the number of eight figures."
        )
    moved = number[4:] + number[:4]
    if int("".join(str(int(sign, 36)) for sign in moved)) % 97 != 1:
        raise RecordRefusedError(
            "number", "This IBAN's check figures do not fit: look again, figure by figure."
        )
