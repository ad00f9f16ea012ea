"""What stands in a letter: composed when it is sent, from the books and from templates."""

from email.utils import formataddr
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from appeals.templatetags.money import money
from payments.models import Letter
from payments.receipts import Receipt, read_receipt

Kind = Letter.Kind

# A subject is seen over a shoulder: it names no organisation and no cause.
_SUBJECTS: Final = {
    Kind.THANKS: "Thank you: your receipt for {amount}",
    Kind.REFUNDED: "{amount} is on its way back to you",
    Kind.REFUND_FAILED: "{amount} could not be paid back to you",
}


def compose(letter: Letter) -> EmailMultiAlternatives | None:
    """The letter as text and HTML; None when its donor has no address any more."""
    kind = Kind(letter.kind)
    assert letter.donation is not None, "nobody writes letters about pledges yet"
    receipt = read_receipt(letter.donation)
    if not receipt.email:
        return None
    amount = letter.refund.amount if letter.refund else receipt.amount
    context = {"receipt": receipt, "amount": amount, "organisation": receipt.organisation}
    message = EmailMultiAlternatives(
        subject=_SUBJECTS[kind].format(amount=money(amount)),
        body=_render(f"letters/{kind.value}.txt", context),
        from_email=_sender(receipt),
        to=[receipt.email],
        reply_to=[receipt.organisation.contact_email] if receipt.organisation.contact_email else [],
        headers={
            "Message-ID": _message_id(letter),
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notes in answer
        },
    )
    message.attach_alternative(_render(f"letters/{kind.value}.html", context), "text/html")
    return message


def _render(template: str, context: dict[str, object]) -> str:
    return render_to_string(template, context).strip() + "\n"


def _sender(receipt: Receipt) -> str:
    """The organisation's name before the address that the operator set."""
    name = "".join(character for character in receipt.organisation.name if character.isprintable())
    return formataddr((name, settings.DEFAULT_FROM_EMAIL))


def _message_id(letter: Letter) -> str:
    """The same however often it is tried: a mail server that has it knows it."""
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return f"<{letter.reference}@{host}>"
