"""Every scene of the hall screen at every size, with few and many branches, nothing or millions.

One page a size: its stream is fed by hand, state after state, and each is looked at. The same
states as pictures: ``python -m tests.screenshots --hall FOLDER http://127.0.0.1:8000``.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewPage
from tests.factories import make_appeal
from tests.hall_matrix import (
    FED_BY_HAND,
    SIZES,
    TOTALS,
    Scene,
    State,
    every_state,
    make_hall,
    push,
)
from tests.site import SiteProcess

LOOK = (Path(__file__).parent / "look.js").read_text()
WITH_A_TOTAL = {Scene.THERMOMETER, Scene.REACHED, Scene.THANKS}
LONGEST = "T" * 40 + " and so on" * 8


def open_fed(site: SiteProcess, new_page: NewPage, size: tuple[int, int], theme: str) -> Page:
    make_appeal()
    page = new_page(
        viewport={"width": size[0], "height": size[1]},
        reduced_motion="reduce",
        service_workers="block",
    )
    page.add_init_script(FED_BY_HAND)
    page.goto(f"{site.url}/appeals/rally/screen/?theme={theme}")
    page.wait_for_function("document.fonts.status === 'loaded' && window.stream !== undefined")
    return page


def show(page: Page, reading: dict[str, Any]) -> dict[str, Any]:
    """Push it, let the sizes be measured, and look."""
    push(page, reading)
    return look(page)


def look(page: Page) -> dict[str, Any]:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    seen: dict[str, Any] = page.evaluate(LOOK)
    return seen


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_state_fits_and_is_read_from_the_back(
    live_site: SiteProcess, new_page: NewPage, size: tuple[int, int], theme: str
) -> None:
    page = open_fed(live_site, new_page, size, theme)
    faults = {}

    for state in every_state():
        seen = show(page, make_hall(state))
        if seen["faults"]:
            faults[state.name] = seen["faults"]
        assert (seen["height"] is not None) == (state.scene in WITH_A_TOTAL), state.name

    assert not faults, json.dumps(faults, indent=1)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_it_fits_with_the_longest_title_a_refund_and_a_lost_stream(
    live_site: SiteProcess, new_page: NewPage, size: tuple[int, int]
) -> None:
    page = open_fed(live_site, new_page, size, "light")
    lowered = {
        "why": "dispute",
        "amount": {"amount": "1250.00", "currency": "GBP"},
        "at": "2026-11-21T20:12:00Z",
    }

    for scene in Scene:
        for total in TOTALS:
            reading = make_hall(State(scene, total, 120), lowered=lowered)
            seen = show(page, reading | {"title": LONGEST})
            assert seen["faults"] == [], (scene, total)
    page.route("**/api/**", lambda route: route.abort())
    page.evaluate("window.stream.readyState = 2; window.stream.dispatchEvent(new Event('error'))")
    expect(page.locator(".screen__stale")).to_be_visible()
    for scene in Scene:
        page.evaluate("scene => document.querySelector('.screen').dataset.scene = scene", scene)
        faults = look(page)["faults"]
        assert faults == [], (scene, *faults)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("total", TOTALS[1:], ids=lambda total: total.name)
def test_a_celebration_fits(
    live_site: SiteProcess, new_page: NewPage, size: tuple[int, int], total: Any
) -> None:
    page = open_fed(live_site, new_page, size, "light")
    reading = make_hall(State(Scene.THERMOMETER, total, 8))
    target = reading["target"]
    for percent, sum_ in ((25, reading["raised"]), (75, target), (None, target)):
        milestones = [{"percent": percent, "amount": {"amount": "0.01", "currency": "GBP"}}]
        nothing = {"amount": "0.00", "currency": "GBP"}
        reading["epoch"] += "+"
        show(page, reading | {"raised": nothing})

        seen = show(
            page, reading | {"raised": sum_, "hall": reading["hall"] | {"milestones": milestones}}
        )

        expect(page.locator(".celebration")).to_be_visible()
        assert seen["faults"] == []


def test_almost_there_is_99_percent(live_site: SiteProcess, new_page: NewPage) -> None:
    page = open_fed(live_site, new_page, SIZES[0], "light")
    (almost,) = (total for total in TOTALS if total.name == "99.9")

    show(page, make_hall(State(Scene.THERMOMETER, almost, 8), announces_milestone=False))

    expect(page.locator(".screen__news p:visible")).to_have_text(
        re.compile(r"^99%\s*of our £30,000 target\.\s*£30 to go\.$")
    )


@pytest.mark.parametrize(
    "notice",
    [
        "Quiet, please",
        "W" * 24,
        "give.example-of-a-very-long-address.org/appeals/rally",
        "x " * 100,
    ],
)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_notice_is_as_large_as_it_fits(
    live_site: SiteProcess, new_page: NewPage, size: tuple[int, int], notice: str
) -> None:
    page = open_fed(live_site, new_page, size, "light")

    seen = show(page, make_hall(State(Scene.NOTICE, TOTALS[0], 8), notice=notice))

    assert seen["faults"] == []
    words = page.locator(".screen__words")
    expect(words).to_have_text(notice.strip())
    fitting = int(words.get_attribute("data-size") or 0)
    if fitting < 16:
        words.evaluate("(words, size) => words.dataset.size = size", fitting + 1)
        assert look(page)["faults"], "a larger one would have fitted"
