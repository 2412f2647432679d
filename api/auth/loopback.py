"""Loopback: addresses and names by which only this machine can be reached."""

from __future__ import annotations

from ipaddress import ip_address

USUAL = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether a name or an address, without port or brackets, means this machine and no other."""
    if host in USUAL or host.lower() in USUAL:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
