"""What a running service says of itself: its ``/metrics``, read over HTTP."""

from __future__ import annotations

import hashlib
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 3.0
MOST_BYTES = 16_777_216

KEY = "MAITRED_API_KEY"
INFO = "maitred_service_info"

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Samples:
    """Metric samples by name and labels."""

    values: dict[str, dict[Labels, float]] = field(default_factory=dict)

    def value(self, name: str, **labels: str) -> float | None:
        """One sample; ``None`` if there is none."""
        return self.values.get(name, {}).get(frozenset(labels.items()))

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(self.values.get(name, {}).values())

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums by one label, the largest first."""
        sums: defaultdict[str, float] = defaultdict(float)
        for labels, value in self.values.get(name, {}).items():
            sums[dict(labels).get(label, "")] += value
        return dict(sorted(sums.items(), key=lambda item: -item[1]))


@dataclass(frozen=True, slots=True)
class Service:
    """What answers at a URL.

    Attributes:
        trouble: why there are no samples; empty if there are.
        ready: whether it takes requests.
    """

    url: str
    samples: Samples = Samples()
    trouble: str = ""
    ready: bool = False

    def serves(self, home: Path) -> bool:
        """Whether it is the service of this home."""
        return any(("home", home_digest(home)) in labels for labels in self.samples.values.get(INFO, {}))


def home_digest(home: Path) -> str:
    """Tells homes apart without naming them."""
    return hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]


def scrape(url: str, key: str | None = None, transport: httpx.BaseTransport | None = None) -> Service:
    """Ask the service at ``url``; whatever goes wrong is in ``trouble``."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, transport=transport) as client:
            status, text = _read(client, "/metrics")
            ready = _read(client, "/readyz")[0] == HTTPStatus.OK
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Service(url, trouble=f"nothing answers ({type(error).__name__})")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Service(url, trouble=f"it wants an API key that may read ({status})")
    if status != HTTPStatus.OK:
        return Service(url, trouble=f"it answers {status} to GET /metrics")
    try:
        samples = parse(text)
    except (ValueError, LookupError):
        samples = Samples()
    if INFO not in samples.values:
        return Service(url, trouble="what answers is no maitred")
    return Service(url, samples, ready=ready)


def _read(client: httpx.Client, path: str) -> tuple[int, str]:
    """Status and text of an answer that comes to an end. Raises ``httpx.HTTPError``."""
    content, end = b"", time.monotonic() + TIMEOUT_S
    with client.stream("GET", path) as answer:
        for part in answer.iter_bytes():
            content += part
            if len(content) > MOST_BYTES or time.monotonic() > end:
                raise httpx.ReadError("the answer does not end", request=answer.request)
        return answer.status_code, content.decode(errors="replace")


def key_of_environment() -> str | None:
    """The API key to ask with, if one is set."""
    return os.environ.get(KEY) or None


def parse(text: str) -> Samples:
    """Prometheus' exposition format. Raises ``ValueError`` or ``LookupError`` for anything else."""
    values: defaultdict[str, dict[Labels, float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values[sample.name][frozenset(sample.labels.items())] = sample.value
    return Samples(dict(values))
