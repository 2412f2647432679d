"""Every fault that the suite is shown, in the order of the path they are on."""

from __future__ import annotations

from tests.faults.deciding import DECIDING, RECORDING
from tests.faults.fault import Fault
from tests.faults.journaling import JOURNALING
from tests.faults.learning import JOINING, LEARNING, PUBLISHING
from tests.faults.serving import SERVING
from tests.faults.spooling import SPOOLING

FAULTS: tuple[Fault, ...] = (*DECIDING, *RECORDING, *JOURNALING, *SPOOLING, *JOINING, *LEARNING, *PUBLISHING, *SERVING)
