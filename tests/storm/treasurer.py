"""The national treasurer, who orders refunds at the site's own pages."""

from typing import Final

from tests.storm.browser import Browser, Patience, hidden_fields
from tests.storm.memory import Memory
from tests.storm.plan import PASSWORD, TREASURER

_LOG_IN: Final = "/accounts/login/"


class Treasurer:
    """Logged in before the storm; no death of a process may end a session."""

    def __init__(self, site: str, *, memory: Memory, patience: Patience) -> None:
        self._browser = Browser(site, patience)
        self._memory = memory

    def close(self) -> None:
        """Log off."""
        self._browser.__exit__(None, None, None)

    def log_in(self) -> None:
        """With a password, as at the beginning of an evening."""
        form = hidden_fields(self._browser.get(_LOG_IN).text)
        answer = self._browser.post(_LOG_IN, {**form, "login": TREASURER, "password": PASSWORD})
        assert answer.status_code == 302, f"log-in answered {answer.status_code}"

    def order(self, reference: str, pence: int) -> bool:
        """Order so much of a donation back; False when the page says that it cannot be, now."""
        path = f"/treasurer/cards/{reference}/refund/"
        page = self._browser.get(path)
        if page.status_code == 302:
            self._memory.note_problem(f"the treasurer was logged out: {page.headers['Location']}")
            return False
        form = hidden_fields(page.text)
        if page.status_code != 200 or "reference" not in form:
            return False
        sent = {
            **form,
            "how_much": "part",
            "amount": f"{pence // 100}.{pence % 100:02}",
            "reason": "Given back in a storm",
            "stripe_reason": "",
            "confirmed": "yes",
        }
        answer = self._browser.post(path, sent)
        if answer.status_code == 302:
            self._memory.note_order(form["reference"], pence)
            return True
        if answer.status_code != 422:  # meanwhile less is left of it
            self._memory.note_problem(f"{path} answered an order with {answer.status_code}")
        return False
