"""The second engine, one file a part; ``SecondOrderPolicy`` is its policy."""

from engine.policies.second_order.policy import SecondOrderPolicy

__all__ = ["SecondOrderPolicy"]
