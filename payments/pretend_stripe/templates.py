"""The HTML pages: templates from files, every value escaped."""

from functools import cache
from html import escape
from pathlib import Path
from string import Template

from payments.pretend_stripe.web import HttpAnswer

_FOLDER = Path(__file__).parent / "pages"


class Markup(str):
    """HTML that is safe as it stands: made by ``fill``."""

    __slots__ = ()


def fill(name: str, /, **values: str) -> Markup:
    """A template filled in. Whatever is not ``Markup`` is escaped."""
    return Markup(
        _template(name).substitute(
            {
                key: value if isinstance(value, Markup) else escape(value)
                for key, value in values.items()
            }
        )
    )


def joined(parts: list[Markup]) -> Markup:
    """Several pieces one after the other."""
    return Markup("\n".join(parts))


def page(title: str, body: Markup, *, status: int = 200) -> HttpAnswer:
    """A whole page around a body. No script may run in it, nor anything load from elsewhere."""
    return HttpAnswer(
        status=status,
        body=fill("page.html", title=title, body=body).encode(),
        content_type="text/html; charset=utf-8",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; "
            "base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


def plain(status: int, text: str) -> HttpAnswer:
    """A line of text."""
    return HttpAnswer(status=status, body=text.encode(), content_type="text/plain; charset=utf-8")


def see_other(address: str) -> HttpAnswer:
    """Send the browser on with a GET."""
    return HttpAnswer(
        status=303,
        body=b"",
        content_type="text/plain; charset=utf-8",
        headers={"Location": address},
    )


def answer_stylesheet() -> HttpAnswer:
    """The style sheet of all pages."""
    return HttpAnswer(
        status=200,
        body=(_FOLDER / "pretend.css").read_bytes(),
        content_type="text/css; charset=utf-8",
    )


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / name).read_text(encoding="utf-8"))
