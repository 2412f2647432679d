"""Learned numbers in a file: raw bytes behind a header that says whose they are, with a checksum over all of it.

The same state gives the same bytes. Nothing in the file can be executed.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.errors import SnapshotError

Array = NDArray[np.float64] | NDArray[np.int64]

_MAGIC = b"maitred learned state 1\n"
_LENGTH_BYTES = 8
_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a policy has learned: names in their order, and arrays of float64 or int64."""

    names: tuple[str, ...] = ()
    arrays: tuple[Array, ...] = ()


class _Shape(msgspec.Struct, frozen=True):
    dtype: Literal["<f8", "<i8"]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class _PartHeader(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    arrays: tuple[_Shape, ...]


class _Header(msgspec.Struct, frozen=True):
    policy: str
    params: dict[str, Any]
    parts: tuple[_PartHeader, ...]


def write_state(path: Path, policy: str, params: Mapping[str, Any], parts: Sequence[Part]) -> None:
    """Write what ``policy`` learned with these parameters. Raises ``SnapshotError`` if the disk does not take it."""
    header = msgspec.json.encode(_Header(policy, dict(params), tuple(map(_described, parts))), order="deterministic")
    content = [_MAGIC, len(header).to_bytes(_LENGTH_BYTES, "big"), header]
    content += [_stored(array).tobytes() for part in parts for array in part.arrays]
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    try:
        with path.open("wb") as file:
            file.writelines([*content, digest.digest()])
    except OSError as error:
        raise SnapshotError(f"{path.name} could not be written: {error.strerror}") from error


def read_state(path: Path, policy: str, params: Mapping[str, Any]) -> list[Part]:
    """What ``write_state`` wrote; the arrays may be changed.

    Raises:
        SnapshotError: no such file, not whole, or learned by another policy or with other parameters.
    """
    body = _checked(path)
    header, start = _header(path, body)
    if (header.policy, header.params) != (policy, msgspec.to_builtins(dict(params))):
        raise SnapshotError(f"{path.name} was learned by {header.policy} with {header.params}")
    parts = []
    for described in header.parts:
        arrays = []
        for shape in described.arrays:
            piece = body[start : start + shape.size]
            arrays.append(np.frombuffer(piece, dtype=shape.dtype).reshape(shape.shape).copy())
            start += shape.size
        parts.append(Part(described.names, tuple(arrays)))
    return parts


def _stored(array: Array) -> NDArray[Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def _described(part: Part) -> _PartHeader:
    shapes = (_Shape("<i8" if array.dtype.kind == "i" else "<f8", array.shape) for array in part.arrays)
    return _PartHeader(part.names, tuple(shapes))


def _checked(path: Path) -> memoryview:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SnapshotError(f"{path.name} cannot be read: {error.strerror}") from error
    body = memoryview(content)[:-_DIGEST_BYTES]
    if not content.startswith(_MAGIC) or hashlib.sha256(body).digest() != content[-_DIGEST_BYTES:]:
        raise SnapshotError(f"{path.name} is not a whole learned state")
    return body


def _header(path: Path, body: memoryview) -> tuple[_Header, int]:
    start = len(_MAGIC) + _LENGTH_BYTES
    end = start + int.from_bytes(body[len(_MAGIC) : start], "big")
    try:
        return msgspec.json.decode(body[start:end], type=_Header), end
    except msgspec.DecodeError as error:
        raise SnapshotError(f"{path.name} has another header: {error}") from error
