"""What earlier visits and orders say now."""

from __future__ import annotations

from typing import NamedTuple

DAY_SECONDS = 86_400
LONGEST_ABSENCE_DAYS = 365.0


class ReturnVisit(NamedTuple):
    """Whether the visitor was here before, and how many days ago (0 if never, at most a year)."""

    is_returning: bool
    days_since_last_visit: float


class PurchaseHistory(NamedTuple):
    """Recency, frequency and value of orders: days since the last one (0 if there was none, at most a year), orders per
    visit (at most 1), and revenue per order.
    """

    has_purchased: bool
    days_since_purchase: float
    purchase_rate: float
    average_order: float


def return_visit(now_us: int, last_visit_unix: int, visits: int) -> ReturnVisit:
    """What the visitor's past visits say at ``now_us``; ``last_visit_unix`` is 0 if there was none."""
    return ReturnVisit(True, _days_since(last_visit_unix, now_us)) if visits > 0 else ReturnVisit(False, 0.0)


def purchase_history(
    now_us: int, purchases: int, last_purchase_unix: int, visits: int, lifetime_value: float
) -> PurchaseHistory:
    """What the visitor's orders say at ``now_us``; ``last_purchase_unix`` is 0 if there was none."""
    if purchases <= 0:
        return PurchaseHistory(False, 0.0, 0.0, 0.0)
    rate = min(purchases / max(visits, 1), 1.0)
    return PurchaseHistory(True, _days_since(last_purchase_unix, now_us), rate, lifetime_value / purchases)


def _days_since(unix: int, now_us: int) -> float:
    if unix <= 0:
        return LONGEST_ABSENCE_DAYS
    return min(max((now_us / 1e6 - unix) / DAY_SECONDS, 0.0), LONGEST_ABSENCE_DAYS)
