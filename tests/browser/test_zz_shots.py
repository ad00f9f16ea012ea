from tests.browser.treasury import log_in
from tests.factories import *
import datetime
from payments.cash import reverse_collection
from tests.payments import test_cash, test_cash_transfers
from payments.recording import local_today
def test_shots(live_site, new_page):
    leeds, york = make_branch("Leeds"), make_branch("York")
    bs = [make_branch(f"Town {n}", region=f"Region {n%3}") for n in range(10)]
    a = make_appeal("rally", title="Rally for Socialism", target=gbp(30000), branch_targets=[(leeds, gbp(1000)),(york, gbp(800)), *[(b,gbp(500+n)) for n,b in enumerate(bs)]])
    u = make_user("leeds", branches=[leeds], first_name="Leeds", last_name="Treasurer")
    u2 = make_user("two", branches=[leeds, york], first_name="Both", last_name="Treasurer")
    n = make_user("national", role=Membership.Role.NATIONAL_TREASURER)
    for i,(place, amt) in enumerate([("Kirkgate market",312.5),("Saturday rally",1200),("Station steps",26.6),("Branch meeting", 85)]):
        c=test_cash.record(test_cash.facts_of(a, place=place, amount=gbp(str(amt)), collected_on=local_today()-datetime.timedelta(days=4-i)), by=u)
    reverse_collection(c, reason="Counted twice, see the other one", reversed_by=u)
    c2=test_cash.record(test_cash.facts_of(a, place="Bracelet stall", kind=test_cash.CashCollection.Kind.SALE, amount=gbp(110), pieces={20_00:4,5_00:6}, witnessed_by="Second counter", note="Two tins,\none bucket"), by=u)
    test_cash.record(test_cash.facts_of(a, branch=york, amount=gbp(400)), by=u)
    t=test_cash_transfers.record(test_cash_transfers.facts_of(a))
    tests = [("phone", dict(viewport={"width":390,"height":844}, device_scale_factor=2, is_mobile=True, has_touch=True), "light"), ("laptop", dict(viewport={"width":1280,"height":800}), "dark"), ("laptop", dict(viewport={"width":1280,"height":800}), "light"), ("phone", dict(viewport={"width":390,"height":844}, is_mobile=True, has_touch=True), "dark")]
    import os
    only = os.environ.get("SHOTS")
    for size, opts, scheme in tests:
        if only and f"{size}-{scheme}" not in only: continue
        page = new_page(color_scheme=scheme, **opts)
        log_in(page, live_site, u)
        def shot(name, path=None, full=True):
            if path: page.goto(live_site.url+path)
            page.wait_for_timeout(150)
            page.screenshot(path=f"/tmp/cash_shots/{name}-{size}-{scheme}.png", full_page=full)
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0: print("OVERFLOW", name, size, over)
        shot("home", "/treasurer/")
        shot("new", "/treasurer/collections/new/")
        page.get_by_text("Count notes and coins").click()
        page.get_by_label("£20", exact=False).first.fill("7")
        page.get_by_label("50p").fill("12")
        shot("new-count")
        page.get_by_label("Amount").fill("99")
        page.get_by_role("button", name="Record", exact=True).click()
        page.wait_for_timeout(300)
        page.get_by_label("Place").fill("x")
        page.get_by_role("button", name="Record", exact=True).click()
        page.wait_for_timeout(500)
        shot("new-errors")
        shot("list", "/treasurer/collections/")
        shot("detail", f"/treasurer/collections/{c2.reference}/")
        shot("recorded", f"/treasurer/collections/{c2.reference}/recorded/")
        shot("reversed", f"/treasurer/collections/{c.reference}/")
        shot("branch", "/treasurer/branches/leeds/")
        page.context.clear_cookies()
        log_in(page, live_site, n)
        shot("nhome", "/treasurer/")
        shot("noverview", "/treasurer/branches/")
        shot("ntransfers", "/treasurer/transfers/")
        shot("ntransfer-new", "/treasurer/transfers/new/")
        shot("ntransfer", f"/treasurer/transfers/{t.reference}/")
        page.context.clear_cookies()
