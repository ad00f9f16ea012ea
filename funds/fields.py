"""djmoney's ``MoneyField`` with the types that it does not publish."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db import models
    from djmoney.money import Money

    class MoneyField(models.Field[Money, Money]):
        """Holds ``Money``, in a column for the amount and one for the currency."""

        def __init__(
            self,
            *,
            max_digits: int,
            decimal_places: int,
            default_currency: str,
            **options: object,
        ) -> None: ...

else:
    from djmoney.models.fields import MoneyField

__all__ = ["MoneyField"]
