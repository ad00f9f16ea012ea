"""The hosted pay page: plain HTML, without JavaScript, as a donor's phone sees it."""

import re

from payments.pretend_stripe.bacs import BankEntry, Promised, promise
from payments.pretend_stripe.card_payment import Asked, Paid, answer_challenge, pay
from payments.pretend_stripe.cards import NOT_AUTHENTICATED, CardEntry, Refusal
from payments.pretend_stripe.checkout import Checkout, find_checkout
from payments.pretend_stripe.money import shown
from payments.pretend_stripe.params import Email
from payments.pretend_stripe.pay_form import ADDRESS, Typed, form_fields
from payments.pretend_stripe.redirect import wait_for_endpoints
from payments.pretend_stripe.templates import Markup, fill, joined, page, plain, see_other
from payments.pretend_stripe.ways import BACS, CARD, Way, fields_of, hints_of, offered, ways_on
from payments.pretend_stripe.web import HttpAnswer, HttpRequest
from payments.pretend_stripe.wire import ApiError, Obj, read_form
from payments.pretend_stripe.world import World

_PATH = re.compile(r"/c/pay/(?P<session>[A-Za-z0-9_]+)(?P<step>/3ds|/bacs)?")

_BUTTONS = {"donate": "Donate", "book": "Book"}


async def answer_pay_page(world: World, request: HttpRequest) -> HttpAnswer:
    """Show or take the form of ``/c/pay/<session>``, or the 3-D Secure page under it."""
    path = _PATH.fullmatch(request.path)
    if path is None or request.method not in {"GET", "HEAD", "POST"}:
        return plain(404, "There is nothing here.")
    try:
        checkout = find_checkout(world, path["session"])
        typed = Typed.read(read_form(request.body)) if request.method == "POST" else None
    except ApiError:
        return _notice("There is no such payment", "The address may be incomplete.", status=404)
    if checkout.session["status"] != "open":
        return await _closed(world, checkout, typed)
    if path["step"] == "/3ds":
        return await _challenge(world, checkout, typed)
    ways = offered(checkout)
    chosen = [way for way in ways if way.path == (path["step"] or "")]
    if not chosen:
        return see_other(f"/c/pay/{checkout.session['id']}{ways[0].path}")
    return await _take(world, checkout, chosen[0], typed)


async def _take(world: World, checkout: Checkout, way: Way, typed: Typed | None) -> HttpAnswer:
    """The form; or check what was typed into it, then try to pay."""
    if typed is None:
        return _form(checkout, way, Typed.fresh(world.ids.mint("", 16)), problems={})
    problems = _problems(checkout, way, typed)
    if problems:
        return _form(checkout, way, typed, problems=problems, status=422)
    if way is BACS:
        outcome: Paid | Promised | Asked | Refusal = promise(
            world, checkout, _bank_entry(checkout, typed)
        )
    else:
        outcome = pay(world, checkout, _entry(checkout, typed))
    if isinstance(outcome, Refusal):
        problems = {outcome.field: outcome.message}
        return _form(checkout, way, typed, problems=problems, status=402)
    checkout.attempt = typed.values["attempt"]
    if isinstance(outcome, Asked):
        return see_other(f"/c/pay/{checkout.session['id']}/3ds")
    await wait_for_endpoints(world, checkout)
    return see_other(checkout.success_url)


async def _challenge(world: World, checkout: Checkout, typed: Typed | None) -> HttpAnswer:
    """The bank's question: yes or no."""
    if checkout.challenge is None:
        return see_other(f"/c/pay/{checkout.session['id']}")
    if typed is None:
        body = fill(
            "challenge.html",
            amount=_amount(checkout),
            last4=checkout.challenge.card.last4,
            attempt=checkout.attempt or "",
        )
        return page("Confirm this payment", body)
    outcome = answer_challenge(world, checkout, passed=typed.values["outcome"] == "complete")
    if isinstance(outcome, Refusal):
        again = Typed.fresh(world.ids.mint("", 16))
        problems = {"number": NOT_AUTHENTICATED.message}
        return _form(checkout, CARD, again, problems=problems, status=402)
    await wait_for_endpoints(world, checkout)
    return see_other(checkout.success_url)


async def _closed(world: World, checkout: Checkout, typed: Typed | None) -> HttpAnswer:
    """Paid already, or too late. The second of two clicks goes where the first one goes."""
    if checkout.session["status"] == "complete":
        if typed is not None and typed.values["attempt"] == checkout.attempt:
            await wait_for_endpoints(world, checkout)
            return see_other(checkout.success_url)
        unpaid = checkout.session["payment_status"] == "unpaid"
        return _notice(
            "Your bank has been asked already" if unpaid else "This has been paid already",
            f"{_amount(checkout)} for {checkout.title}. Nothing more is taken.",
            link=("See what happened", checkout.success_url),
            status=200 if typed is None else 409,
        )
    cancel_url = checkout.session["cancel_url"]
    return _notice(
        "This page has expired",
        "Nothing was taken. Go back and start again.",
        link=("Go back", cancel_url) if cancel_url else None,
        status=410,
    )


def _form(
    checkout: Checkout,
    way: Way,
    typed: Typed,
    *,
    problems: dict[str, str],
    status: int = 200,
) -> HttpAnswer:
    session = checkout.session
    summary = Markup("")
    if problems:
        lines = [
            fill("problem.html", field=name, message=message) for name, message in problems.items()
        ]
        summary = fill("problems.html", lines=joined(lines))
    submit_text = (session["custom_text"]["submit"] or {}).get("message", "")
    cancel_url = session["cancel_url"]
    button = _BUTTONS.get(session["submit_type"] or "pay", "Pay")
    body = fill(
        "pay.html",
        action=f"/c/pay/{session['id']}{way.path}",
        amount=_amount(checkout),
        title=checkout.title,
        description=checkout.intent_data.get("description", ""),
        problems=summary,
        ways=ways_on(checkout, way),
        fields=form_fields(
            fields_of(checkout, way), typed, problems, preset_email=session["customer_email"]
        ),
        note=way.note,
        attempt=typed.values["attempt"],
        button=f"{button} {_amount(checkout)}",
        submit_text=submit_text,
        back=fill("back.html", url=cancel_url) if cancel_url else Markup(""),
        hints_title=way.hints_title,
        hints_text=way.hints_text,
        hints=hints_of(way),
    )
    title = f"{button} {_amount(checkout)}"
    return page(f"Error: {title}" if problems else title, body, status=status)


def _notice(
    title: str, text: str, *, status: int, link: tuple[str, str] | None = None
) -> HttpAnswer:
    way_on = fill("way_on.html", text=link[0], url=link[1]) if link else Markup("")
    return page(title, fill("notice.html", title=title, text=text, way_on=way_on), status=status)


def _problems(checkout: Checkout, way: Way, typed: Typed) -> dict[str, str]:
    """What is missing or cannot be an e-mail address, by field."""
    found = {
        field.name: way.needed.get(field.name, f"{field.label} is needed.")
        for field in fields_of(checkout, way)
        if field.needed and not typed.values[field.name]
    }
    if "email" not in found and checkout.session["customer_email"] is None:
        try:
            Email().read(typed.values["email"], "email")
        except ApiError:
            found["email"] = "That is not an e-mail address."
    elif checkout.session["customer_email"] is not None:
        found.pop("email", None)
    return found


def _entry(checkout: Checkout, typed: Typed) -> CardEntry:
    values = typed.values
    return CardEntry(
        number=values["number"],
        expiry=values["expiry"],
        cvc=values["cvc"],
        name=values["name"],
        email=checkout.session["customer_email"] or values["email"],
        address=_address(typed),
    )


def _bank_entry(checkout: Checkout, typed: Typed) -> BankEntry:
    values = typed.values
    return BankEntry(
        sort_code=values["sort_code"],
        account_number=values["account_number"],
        name=values["name"],
        email=checkout.session["customer_email"] or values["email"],
        address=_address(typed),
    )


def _address(typed: Typed) -> Obj:
    return {field.name: typed.values[field.name] or None for field in ADDRESS} | {
        "country": typed.values["country"] or "GB"
    }


def _amount(checkout: Checkout) -> str:
    return shown(checkout.session["amount_total"], checkout.session["currency"])
