"""The fields of the pay page, and what was typed into them."""

from dataclasses import dataclass

from payments.pretend_stripe.templates import Markup, fill, joined
from payments.pretend_stripe.wire import Form


@dataclass(frozen=True, kw_only=True)
class Field:
    """One line of the form.

    Attributes:
        name: Its name on the wire.
        label: Its label.
        autocomplete: What a browser may fill in (HTML's own tokens).
        kind: The input's type.
        mode: The keyboard that a phone shows.
        example: Shown under the label.
        needed: Whether it may be empty.
        kept: Whether it is shown again after an error.
        narrow: Whether it stands beside its neighbour.
    """

    name: str
    label: str
    autocomplete: str
    kind: str = "text"
    mode: str = "text"
    example: str = ""
    needed: bool = True
    kept: bool = True
    narrow: bool = False


_EMAIL = Field(name="email", label="E-mail", autocomplete="email", kind="email", mode="email")

FIELDS = (
    _EMAIL,
    Field(name="number", label="Card number", autocomplete="cc-number", mode="numeric"),
    Field(
        name="expiry",
        label="Expiry",
        autocomplete="cc-exp",
        mode="numeric",
        example="MM / YY",
        narrow=True,
    ),
    Field(
        name="cvc",
        label="Security code",
        autocomplete="cc-csc",
        mode="numeric",
        example="3 or 4 digits",
        kept=False,
        narrow=True,
    ),
    Field(name="name", label="Name on card", autocomplete="cc-name"),
)

BANK_FIELDS = (
    _EMAIL,
    Field(
        name="sort_code",
        label="Sort code",
        autocomplete="off",
        mode="numeric",
        example="6 digits",
        narrow=True,
    ),
    Field(
        name="account_number",
        label="Account number",
        autocomplete="off",
        mode="numeric",
        example="8 digits",
        narrow=True,
    ),
    Field(name="name", label="Name on the account", autocomplete="name"),
)

ADDRESS = (
    Field(name="line1", label="Address", autocomplete="billing address-line1"),
    Field(name="city", label="Town or city", autocomplete="billing address-level2"),
    Field(name="postal_code", label="Postcode", autocomplete="billing postal-code", narrow=True),
    Field(
        name="country",
        label="Country code",
        autocomplete="billing country",
        example="such as GB",
        narrow=True,
    ),
)


@dataclass(frozen=True)
class Typed:
    """What was typed, by field name; empty where nothing was."""

    values: dict[str, str]

    @classmethod
    def fresh(cls, attempt: str) -> "Typed":
        """An empty form with a token of its own: the same token twice is a double click."""
        return cls.read({"attempt": attempt, "country": "GB"})

    @classmethod
    def read(cls, form: Form) -> "Typed":
        """The form's known fields, trimmed and cut to a sane length."""
        names = [field.name for field in FIELDS + BANK_FIELDS + ADDRESS] + ["attempt", "outcome"]
        values = {}
        for name in names:
            value = form.get(name, "")
            values[name] = value.strip()[:200] if isinstance(value, str) else ""
        values["country"] = values["country"].upper()[:2]
        return cls(values)


def form_fields(
    fields: tuple[Field, ...],
    typed: Typed,
    problems: dict[str, str],
    *,
    preset_email: str | None,
) -> Markup:
    """The form's inputs, each with its label and its problem.

    Args:
        fields: Which inputs.
        typed: What stands in them.
        problems: What is wrong, by field name.
        preset_email: The address that the merchant knows already; it cannot be changed.
    """
    parts = []
    for field in fields:
        value = typed.values[field.name] if field.kept else ""
        attributes = ["required"] if field.needed else []
        if field.name == "email" and preset_email:
            value = preset_email
            attributes.append("readonly")
        described = []
        if field.example:
            described.append(f"{field.name}-example")
        if field.name in problems:
            described.append(f"{field.name}-problem")
            attributes.append('aria-invalid="true"')
        if described:
            attributes.append(f'aria-describedby="{" ".join(described)}"')
        parts.append(
            fill(
                "field.html",
                name=field.name,
                label=field.label,
                kind=field.kind,
                mode=field.mode,
                autocomplete=field.autocomplete,
                value=value,
                attributes=Markup(" ".join(attributes)),
                width="narrow" if field.narrow else "wide",
                example=fill("example.html", name=field.name, text=field.example)
                if field.example
                else Markup(""),
                problem=fill("field_problem.html", name=field.name, text=problems[field.name])
                if field.name in problems
                else Markup(""),
            )
        )
    return joined(parts)
