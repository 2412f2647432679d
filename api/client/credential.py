"""The API key that a client presents."""

from __future__ import annotations


def credential(api_key: str | None) -> dict[str, str]:
    """The header that presents a key, none for ``None``.

    Raises:
        ValueError: no key looks like this; a line break that was read with it, say. It does not repeat the key.
    """
    if api_key is None:
        return {}
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("an API key is printable ASCII without blanks and line breaks")
    return {"authorization": f"Bearer {api_key}"}
