"""How large and how small a number of a log may be: what 32 bits hold. Beyond, weights and squares overflow without a
word, and Vowpal Wabbit, which counts in 32 bits, sees infinity."""

from __future__ import annotations

LARGEST = 3.4e38
LEAST = 1.2e-38
