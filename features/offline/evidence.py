"""What the history knows about a view at the time of some decisions: how old its newest row was, since when it could be
read, and whether there were several of the same time.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa

from features.files.parts import Told, files_of, told_by
from features.offline.past import ID, TIME
from features.plan import PlannedSource, PlannedView

NEWEST = """
WITH asked AS (SELECT {id} AS id, "{key}" AS entity, epoch_us({time}) AS time_us FROM chunk WHERE "{key}" IS NOT NULL),
     held AS (SELECT "{key}" AS entity, epoch_us("{stamp}") AS us, filename, hash({features}) AS content
              FROM read_parquet($files, filename = true, union_by_name = true)),
     before AS (SELECT id, us, filename, content, rank() OVER (PARTITION BY id ORDER BY us DESC) AS place
                FROM asked JOIN held ON held.entity = asked.entity AND held.us <= asked.time_us)
SELECT id, us, count(DISTINCT content) AS contents, max(filename) AS file FROM before WHERE place = 1 GROUP BY id, us
"""
"""For each decision its entity's newest row until then, and how many different ones have that time."""


class Evidence(NamedTuple):
    """About one view and one decision.

    Attributes:
        newest_us: event time of the newest row until then.
        contents: how many rows that differ have this time.
        told: what its file says of itself.
    """

    newest_us: int
    contents: int
    told: Told


def evidence(view: PlannedView, source: PlannedSource, chunk: pa.Table) -> dict[str, Evidence]:
    """Decision id → evidence, for the decisions of a chunk about whose entity there is a row."""
    files = [str(path) for path in files_of(source.path)]
    query = NEWEST.format(
        id=ID,
        time=TIME,
        key=view.join_key,
        stamp=source.timestamp,
        features=", ".join(f'"{feature.name}"' for feature in view.features),
    )
    with duckdb.connect() as connection:
        connection.register("chunk", chunk)
        found = connection.execute(query, {"files": files}).fetchall()
    told = {file: told_by(files_of(file)[0]) for file in {row[3] for row in found}}
    return {id: Evidence(us, contents, told[file]) for id, us, contents, file in found}
