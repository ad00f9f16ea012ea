"""How the pledges tell the shop window what is promised: always what is still owed."""

from appeals.promises import Kind, keep_promise, let_promise_lapse, set_promise
from payments.models import Pledge


def promise_key(pledge: Pledge) -> str:
    """Of the window's promise that stands for the pledge."""
    return f"pledge:{pledge.reference}"


def tell_window(pledge: Pledge) -> None:
    """Have the window show what the pledge promises now. Inside the transaction that changed it.

    The same again changes nothing.
    """
    key = promise_key(pledge)
    if pledge.promised.amount > 0:
        set_promise(
            appeal=pledge.appeal,
            branch=pledge.branch,
            amount=pledge.promised,
            kind=Kind.PLEDGE,
            source_key=key,
        )
    elif pledge.came.amount > 0 or pledge.on_its_way.amount > 0:
        keep_promise(key)
    else:
        let_promise_lapse(key)
