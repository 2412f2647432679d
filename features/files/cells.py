"""A column of a file as the type that a feature declares; what does not fit is pointed at, never guessed."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import LoadError
from features.scalars import FeatureType

ARROW: dict[FeatureType, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}
LONGEST_TEXT = 4_096

_INT = r"^[+-]?[0-9]{1,18}$"
_FLOAT = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_WHOLE = r"^([+-]?[0-9]{1,18})\.0*$"
_TRUE = ["true", "t", "yes", "y", "1"]
_FALSE = ["false", "f", "no", "n", "0"]


class Cells(NamedTuple):
    """A column: its values, null where there is none, and where there was one that cannot be of the type."""

    values: pa.Array
    misfit: pa.Array


def cells(column: pa.Array, type_: FeatureType, decimal: str = ".") -> Cells:
    """The cells of a column as ``type_``, with the rules of ``features.scalars.coerce``.

    Text (a CSV file's) is read: numbers with ``decimal`` before their fraction, truth values as true, yes, y, t or 1.

    Raises:
        LoadError: no value of this column could ever be one.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _from_text(column.cast(pa.string()), type_, decimal)
    if pa.types.is_null(column.type) or (pa.types.is_boolean(column.type) and type_ == "bool"):
        return _fitting(column.cast(ARROW[type_]))
    if pa.types.is_uint64(column.type) and type_ != "bool":
        return _checked(column, pc.less_equal(column, pa.scalar(2**63 - 1, pa.uint64())), ARROW[type_])
    if pa.types.is_integer(column.type) and type_ != "bool":
        return _fitting(column.cast(ARROW[type_]))
    if pa.types.is_floating(column.type) and type_ in ("int", "float"):
        return _from_floats(column.cast(pa.float64()), type_)
    raise LoadError(f"a column of type {column.type} cannot become a {type_}")


def _from_text(text: pa.Array, type_: FeatureType, decimal: str) -> Cells:
    if type_ == "string":
        return _checked(text, pc.less_equal(pc.utf8_length(text), LONGEST_TEXT), pa.string())
    text = pc.utf8_trim_whitespace(text)
    if type_ == "bool":
        text = pc.utf8_lower(text)
        known = pc.is_in(text, pa.array([*_TRUE, *_FALSE]))
        return Cells(pc.if_else(known, pc.is_in(text, pa.array(_TRUE)), None), _misfit(text, known))
    if decimal != ".":
        text = pc.replace_substring(text, decimal, ".")
    if type_ == "int":
        text = pc.replace_substring_regex(text, _WHOLE, r"\1")
        return _checked(text, pc.match_substring_regex(text, _INT), pa.int64())
    number = _checked(text, pc.match_substring_regex(text, _FLOAT), pa.float64())
    finite = pc.is_finite(number.values)
    return Cells(pc.if_else(finite, number.values, None), pc.or_(number.misfit, _misfit(number.values, finite)))


def _from_floats(column: pa.Array, type_: FeatureType) -> Cells:
    column = pc.if_else(pc.is_nan(column), None, column)
    if type_ == "float":
        return _checked(column, pc.is_finite(column), pa.float64())
    whole = pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2.0**63))
    return _checked(column, whole, pa.int64())


def _fitting(values: pa.Array) -> Cells:
    return Cells(values, pa.repeat(pa.scalar(False), len(values)))


def _checked(column: pa.Array, fits: pa.Array, type_: pa.DataType) -> Cells:
    """``column`` as ``type_`` where it ``fits``."""
    return Cells(pc.if_else(fits, column, None).cast(type_), _misfit(column, fits))


def _misfit(column: pa.Array, fits: pa.Array) -> pa.Array:
    return pc.and_(pc.is_valid(column), pc.invert(pc.fill_null(fits, False)))
