"""Errors of the feature layer, one tree.

FeatureError
├── RepositoryError     the Feast repository, its YAML or an environment variable it names cannot be used
├── PlanError           the compiled plan is missing, unreadable or not what the registry says
├── RowError            a row cannot be written as asked (undeclared feature, wrong type)
├── LoadError           a file cannot be loaded as asked (no table, no such column, no such view)
└── PredictionError     nothing can be learned from what there is, or what was learned cannot be read
"""

from __future__ import annotations


class FeatureError(Exception):
    """Root of every error the feature layer raises on purpose."""


class RepositoryError(FeatureError):
    """The Feast repository cannot be used; the message says what to set or to run."""


class PlanError(FeatureError):
    """The plan must not be served from; the message says how to make a good one."""


class RowError(FeatureError, ValueError):
    """Values that do not fit the declared features of their view."""


class LoadError(FeatureError):
    """A file, or what was asked of it, does not fit; nothing was loaded."""


class PredictionError(FeatureError):
    """Too little to learn from, or what was learned before cannot be used; nothing was written."""
