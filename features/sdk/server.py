"""Feast's own client, serving one serving process. Imports Feast; ``features.sdk.child`` starts and stops it."""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pandas as pd
from feast import FeatureStore
from feast.protos.feast.serving.ServingService_pb2 import GetOnlineFeaturesResponse
from feast.protos.feast.types.Value_pb2 import Value

from features.errors import FeatureError
from features.plan import PlannedView
from features.registry.compile import compile_registry, open_feast
from features.registry.control_plane import refused
from features.sdk.messages import LENGTH, Call, Failed, Read, Reply, Row, Rows, Write, Written, decode_call, frame
from features.vector import Scalar

WARM_UP = Read(id=0, keys={"user_id": "", "session_id": ""})
READY = Written(id=0, done=True)


class SdkServer:
    """Answers calls with ``get_online_features`` and ``write_to_online_store``, one after the other."""

    def __init__(self, store: FeatureStore, views: Sequence[PlannedView]) -> None:
        self._store = store
        self._views = {view.name: view for view in views}

    def answer(self, call: Call) -> Reply:
        """The reply to one call; never raises."""
        try:
            if isinstance(call, Read):
                return Rows(id=call.id, rows=self._read(call.keys))
            return Written(id=call.id, done=self._write(call))
        except Exception as error:  # noqa: BLE001 - whatever Feast and its stores raise, the other side must hear of it
            return Failed(id=call.id, error=f"{type(error).__name__}: {error}")

    def _read(self, keys: Mapping[str, str]) -> dict[str, Row]:
        views = [view for view in self._views.values() if view.join_key in keys]
        if not views:
            return {}
        features = [f"{view.name}:{feature.name}" for view in views for feature in view.features]
        entity = {str(view.join_key): keys[str(view.join_key)] for view in views}
        response = self._store.get_online_features(features=features, entity_rows=[entity], full_feature_names=True)
        return dict(_rows(response.proto, views))

    def _write(self, call: Write) -> bool:
        view = self._views[call.view]
        stored = self._read({str(view.join_key): call.key}).get(call.view)
        if (None if stored is None else stored.timestamp_us) != call.expected_us:
            return False
        row: dict[str, object] = {feature.name: call.values.get(feature.name) for feature in view.features}
        row[str(view.join_key)] = call.key
        row["event_timestamp"] = pd.Timestamp(call.timestamp_us, unit="us", tz="UTC")
        self._store.write_to_online_store(call.view, df=pd.DataFrame([row]))
        return True


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m features.sdk.server --socket FD --repository FOLDER``, with ``MAITRED_HOME`` set."""
    parser = argparse.ArgumentParser(prog="features.sdk.server")
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--socket", type=int, required=True)
    given = parser.parse_args(arguments)
    try:
        store = open_feast(given.repository)
        server = SdkServer(store, compile_registry(store, given.repository).stored_views)
    except FeatureError as error:
        return refused(error)
    with socket.socket(fileno=given.socket) as connection:
        serve(server, connection.makefile("rb"), connection.makefile("wb"))
    return 0


def serve(server: SdkServer, calls: IO[bytes], replies: IO[bytes]) -> None:
    """Warm up, say that the server is ready, then answer calls until the other side is gone."""
    server.answer(WARM_UP)
    with contextlib.suppress(ConnectionError):
        _send(replies, READY)
        for body in _bodies(calls):
            _send(replies, server.answer(decode_call(body)))


def _send(replies: IO[bytes], reply: Reply) -> None:
    replies.write(frame(reply))
    replies.flush()


def _bodies(calls: IO[bytes]) -> Iterator[bytes]:
    while len(header := calls.read(LENGTH.size)) == LENGTH.size:
        yield calls.read(LENGTH.unpack(header)[0])


def _rows(response: GetOnlineFeaturesResponse, views: Sequence[PlannedView]) -> Iterator[tuple[str, Row]]:
    # Feast's statuses call missing rows PRESENT on some stores; only the timestamp tells.
    results = dict(zip(response.metadata.feature_names.val, response.results, strict=True))
    for view in views:
        found = {feature.name: results[f"{view.name}__{feature.name}"] for feature in view.features}
        timestamp_us = max(result.event_timestamps[0].ToMicroseconds() for result in found.values())
        if timestamp_us:
            values = {name: _scalar(result.values[0]) for name, result in found.items()}
            yield view.name, Row(timestamp_us, {name: value for name, value in values.items() if value is not None})


def _scalar(value: Value) -> Scalar | None:
    field = value.WhichOneof("val")
    scalar: Scalar | None = None if field is None else getattr(value, field)
    return scalar


if __name__ == "__main__":
    sys.exit(main())
