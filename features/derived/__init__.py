"""Features computed at decision time: pure functions of stored and request features and of the time.

Feast's on-demand views and ``features.assemble`` call the same functions, so what is trained on offline is what is
served. The field names of a result are the names of the view's features.
"""

from __future__ import annotations

from features.derived.base import DERIVATIONS, Derivation
from features.derived.moment import LocalTime, PartOfDay, local_time
from features.derived.pace import SessionPace, session_pace
from features.derived.past import PurchaseHistory, ReturnVisit, purchase_history, return_visit
from features.derived.shown import ShownLately, shown_lately

__all__ = [
    "DERIVATIONS",
    "Derivation",
    "LocalTime",
    "PartOfDay",
    "PurchaseHistory",
    "ReturnVisit",
    "SessionPace",
    "ShownLately",
    "local_time",
    "purchase_history",
    "return_visit",
    "session_pace",
    "shown_lately",
]
