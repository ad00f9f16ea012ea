"""The pages of the customer portal: plain HTML, without JavaScript, as a donor's phone sees it."""

import re
from datetime import UTC, datetime

from payments.pretend_stripe.cards import CardEntry
from payments.pretend_stripe.money import shown
from payments.pretend_stripe.pay_form import Typed, form_fields
from payments.pretend_stripe.portal import (
    Visit,
    change_card,
    enter,
    invoices_of,
    plan_end,
    stop,
    subscriptions_of,
)
from payments.pretend_stripe.products import price_wording
from payments.pretend_stripe.renewals import ENDED
from payments.pretend_stripe.subscription_shapes import item_of
from payments.pretend_stripe.templates import Markup, fill, joined, page, plain, see_other
from payments.pretend_stripe.ways import CARD, hints_of
from payments.pretend_stripe.web import HttpAnswer, HttpRequest
from payments.pretend_stripe.wire import ApiError, Form, Obj, read_form
from payments.pretend_stripe.world import World

_PATH = re.compile(
    r"/p/session/(?P<secret>[A-Za-z0-9_]+)"
    r"(/(?P<what>card|stop|keep)(/(?P<subscription>[A-Za-z0-9_]+))?)?"
)

_CARD_FIELDS = tuple(field for field in CARD.fields if field.name != "email")

_DONE = {
    "card": "Your card has been changed.",
    "stopped": "Your monthly donation has been stopped.",
    "kept": "Your monthly donation goes on.",
}

_INVOICE_WORDS = {"paid": "Paid", "open": "Not paid"}


async def answer_portal(world: World, request: HttpRequest) -> HttpAnswer:
    """Show or take a page under ``/p/session/<secret>``."""
    path = _PATH.fullmatch(request.path)
    if path is None or request.method not in {"GET", "HEAD", "POST"}:
        return plain(404, "There is nothing here.")
    visit = enter(world, path["secret"])
    if visit is None:
        body = fill(
            "notice.html",
            title="This address is no longer good",
            text="Go back to the site and follow its link again.",
            way_on=Markup(""),
        )
        return page("This address is no longer good", body, status=410)
    try:
        form = read_form(request.body if request.method == "POST" else request.query)
    except ApiError:
        return plain(400, "That could not be read.")
    asked = form if request.method == "POST" else None
    if path["what"] == "card":
        return _card(world, visit, asked)
    if path["what"] is not None:
        return _end(world, visit, asked, what=path["what"], wanted=path["subscription"])
    return _home(world, visit, done=_DONE.get(str(form.get("done", "")), ""))


def _home(world: World, visit: Visit, *, done: str) -> HttpAnswer:
    """All that there is; when the visit is for one thing, on to that."""
    flow = visit.session["flow"]
    if flow is not None and not visit.flow_done:
        cancel = flow["subscription_cancel"]
        return see_other(_at(visit, f"/stop/{cancel['subscription']}" if cancel else "/card"))
    parts = [_subscription(world, visit, one) for one in subscriptions_of(world, visit)]
    rows = [
        fill(
            "portal_invoice.html",
            date=_day(one["created"]),
            amount=shown(one["total"], one["currency"]),
            status=_INVOICE_WORDS[one["status"]],
        )
        for one in invoices_of(world, visit)
    ]
    body = fill(
        "portal.html",
        back=_back(visit),
        done=fill("portal_done.html", text=done) if done else Markup(""),
        subscriptions=joined(parts) if parts else fill("portal_none.html"),
        invoices=joined(rows),
    )
    return page("Your monthly giving", body)


def _subscription(world: World, visit: Visit, subscription: Obj) -> Markup:
    """One subscription: what it is, how it stands, and what can be done about it."""
    item = item_of(subscription)
    method = world.payment_methods.get(subscription["default_payment_method"])["card"]
    if subscription["status"] in ENDED:
        ways = Markup("")
    else:
        leaving = subscription["cancel_at_period_end"]
        ways = fill(
            "portal_keep.html" if leaving else "portal_stop_link.html",
            action=_at(visit, f"/{'keep' if leaving else 'stop'}/{subscription['id']}"),
        )
        ways = joined([fill("portal_card_link.html", url=_at(visit, "/card")), ways])
    return fill(
        "portal_subscription.html",
        id=subscription["id"],
        name=_name(world, subscription),
        amount=price_wording(item["price"], quantity=item["quantity"]),
        description=subscription["description"] or "",
        standing=_standing(world, subscription),
        card=f"{method['brand'].title()} card that ends in {method['last4']}, "
        f"good until {method['exp_month']:02}/{method['exp_year'] % 100:02}",
        ways=ways,
    )


def _standing(world: World, subscription: Obj) -> str:
    end = _day(item_of(subscription)["current_period_end"])
    if subscription["status"] in ENDED:
        return f"Stopped on {_day(subscription['ended_at'])}. Nothing more is taken."
    if subscription["status"] in ("past_due", "unpaid"):
        again = world.invoices.get(subscription["latest_invoice"])["next_payment_attempt"]
        when = f"It is tried again on {_day(again)}." if again else "It is not tried again."
        return f"The bank refused the last payment. {when}"
    if subscription["cancel_at_period_end"]:
        return f"Stops on {end}. Nothing more is taken."
    return f"The next payment is on {end}."


def _card(world: World, visit: Visit, form: Form | None) -> HttpAnswer:
    """Another card."""
    if form is None:
        return _card_form(visit, Typed.fresh(""), problems={})
    typed = Typed.read(form)
    problems = {
        field.name: CARD.needed.get(field.name, f"{field.label} is needed.")
        for field in _CARD_FIELDS
        if not typed.values[field.name]
    }
    if problems:
        return _card_form(visit, typed, problems=problems, status=422)
    customer = world.customers.get(visit.session["customer"])
    entry = CardEntry(
        number=typed.values["number"],
        expiry=typed.values["expiry"],
        cvc=typed.values["cvc"],
        name=typed.values["name"],
        email=customer["email"],
        address={"country": "GB"},
    )
    refusal = change_card(world, visit, entry)
    if refusal is not None:
        return _card_form(visit, typed, problems={refusal.field: refusal.message}, status=402)
    return _done(visit, "card")


def _card_form(
    visit: Visit, typed: Typed, *, problems: dict[str, str], status: int = 200
) -> HttpAnswer:
    summary = Markup("")
    if problems:
        lines = [
            fill("problem.html", field=name, message=message) for name, message in problems.items()
        ]
        summary = fill("portal_problems.html", lines=joined(lines))
    body = fill(
        "portal_card.html",
        action=_at(visit, "/card"),
        leave=_leave(visit, "Keep the card as it is"),
        problems=summary,
        fields=form_fields(_CARD_FIELDS, typed, problems, preset_email=None),
        cards=hints_of(CARD),
    )
    return page("Error: Change card" if problems else "Change card", body, status=status)


def _end(
    world: World, visit: Visit, form: Form | None, *, what: str, wanted: str | None
) -> HttpAnswer:
    """Stop one of the customer's subscriptions, or keep it after all."""
    mine = {one["id"]: one for one in subscriptions_of(world, visit)}
    subscription = mine.get(wanted or "")
    if subscription is None:
        return plain(404, "There is nothing here.")
    if subscription["status"] in ENDED:
        visit.flow_done = True
        return see_other(_at(visit, ""))
    if what == "keep":
        if form is not None:
            plan_end(world, subscription, at_period_end=False)
            return see_other(_at(visit, "?done=kept"))
        return see_other(_at(visit, ""))
    if form is None:
        body = fill(
            "portal_stop.html",
            action=_at(visit, f"/stop/{subscription['id']}"),
            leave=_leave(visit, "Go on giving"),
            name=_name(world, subscription),
            end=_day(item_of(subscription)["current_period_end"]),
        )
        return page("Stop monthly donation", body)
    stop(world, subscription, at_period_end=form.get("when") != "now")
    return _done(visit, "stopped")


def _done(visit: Visit, what: str) -> HttpAnswer:
    """Where a donor goes who has done what they came for."""
    home = _at(visit, f"?done={what}")
    flow = visit.session["flow"]
    if flow is None or visit.flow_done:
        return see_other(home)
    visit.flow_done = True
    after = flow["after_completion"]
    if after["type"] == "redirect":
        return see_other(after["redirect"]["return_url"])
    if after["type"] == "portal_homepage":
        return see_other(home)
    body = fill(
        "notice.html",
        title=_DONE[what],
        text=after["hosted_confirmation"]["custom_message"] or "",
        way_on=_back(visit),
    )
    return page(_DONE[what], body)


def _back(visit: Visit) -> Markup:
    """The way back to the site, if the merchant named one."""
    address = visit.session["return_url"]
    if address is None:
        return Markup("")
    return fill("portal_leave.html", url=address, text="Back to the site")


def _leave(visit: Visit, text: str) -> Markup:
    """The way out of a page, with nothing done: to all that there is, or to where one came from."""
    if visit.session["flow"] is None or visit.flow_done:
        return fill("portal_leave.html", url=_at(visit, ""), text=text)
    return _back(visit)


def _at(visit: Visit, rest: str) -> str:
    """An address of this visit, from the root."""
    secret = visit.session["url"].rsplit("/", 1)[1]
    return f"/p/session/{secret}{rest}"


def _name(world: World, subscription: Obj) -> str:
    product = world.products.get(item_of(subscription)["price"]["product"])
    name: str = product["name"]
    return name


def _day(moment: int) -> str:
    """``5 December 2026``, UTC."""
    day = datetime.fromtimestamp(moment, UTC)
    return f"{day.day} {day:%B %Y}"
