"""Registry → plan. Imports Feast: run it as ``python -m features.registry.compile``, see ``registry.control_plane``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from feast import (
    FeatureService,
    FeatureStore,
    FeatureView,
    Field,
    FileSource,
    OnDemandFeatureView,
    RepoConfig,
    RequestSource,
)
from feast.repo_config import load_repo_config
from feast.types import Bool, FeastType, Float32, Float64, Int32, Int64, String
from feast.value_type import ValueType

from features.errors import FeatureError, PlanError
from features.plan import Definitions, Plan, PlannedFeature, PlannedSource, PlannedView, load, save, sha256_of
from features.registry.control_plane import refused
from features.repository import configuration, default_repository, plan_path, prepared_home
from features.scalars import FeatureType
from features.schema import ViewKind, qualified
from features.tags import planned

EMBEDDED = "features.online_store.WalSqliteOnlineStore"
EXACT_REDIS = "features.online_redis.ExactRedisOnlineStore"

TYPES: Mapping[FeastType, FeatureType] = {
    String: "string",
    Int32: "int",
    Int64: "int",
    Float32: "float",
    Float64: "float",
    Bool: "bool",
}


def open_feast(repository: Path) -> FeatureStore:
    """Feast over a repository whose environment was checked."""
    prepared_home()
    return FeatureStore(config=load_repo_config(repository, configuration(repository)))


def compile_registry(store: FeatureStore, repository: Path) -> Plan:
    """The plan of what is in the registry now.

    Raises:
        PlanError: the registry has what only Feast's own client can serve.
    """
    config = store.config
    _require_known_layout(config)
    registry_path = repository / config.registry.path
    definitions = _definitions(store)
    return Plan(
        definitions=definitions,
        online_store=_online_store_url(config, repository),
        repository=str(repository),
        home=str(prepared_home()),
        registry_path=str(registry_path),
        registry_sha256=sha256_of(registry_path),
        definitions_digest=definitions.digest,
        sources=dict(sorted(_sources(store, repository))),
    )


def write_plan(store: FeatureStore, repository: Path) -> None:
    """Compile the registry into the deployment's plan."""
    save(compile_registry(store, repository), plan_path(prepared_home()))


def check(repository: Path) -> None:
    """Renew the deployment's plan if the registry still defines the same.

    Raises:
        PlanError: it does not.
    """
    path = plan_path(prepared_home())
    then, now = load(path), compile_registry(open_feast(repository), repository)
    if now.definitions_digest != then.definitions_digest:
        raise PlanError(f"the feature plan {path} is not what the registry defines: run `maitred features compile`")
    if now.online_store != then.online_store:
        raise PlanError(f"the feature plan {path} is for another online store: run `maitred features compile`")
    save(now, path)


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m features.registry.compile [--check] [--repository FOLDER]``, with ``MAITRED_HOME`` set."""
    parser = argparse.ArgumentParser(prog="features.registry.compile")
    parser.add_argument("--repository", type=Path, default=default_repository())
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args(arguments)
    try:
        if given.check:
            check(given.repository)
        else:
            write_plan(open_feast(given.repository), given.repository)
    except FeatureError as error:
        return refused(error)
    return 0


def _definitions(store: FeatureStore) -> Definitions:
    stored = [_stored_view(store, view) for view in store.list_feature_views()]
    derived = [_derived_view(view) for view in store.list_on_demand_feature_views()]
    requests = [source for source in store.list_data_sources() if isinstance(source, RequestSource)]
    declared = [_request_view(source) for source in requests if source.name == "request"]
    views = sorted([*stored, *derived, *declared], key=lambda view: view.name)
    services = {service.name: _service(service) for service in store.list_feature_services()}
    return Definitions(project=store.project, views=tuple(views), services=dict(sorted(services.items())))


def _stored_view(store: FeatureStore, view: FeatureView) -> PlannedView:
    if len(view.join_keys) != 1 or store.get_entity(view.entities[0]).value_type is not ValueType.STRING:
        raise PlanError(f"view {view.name}: only one join key of type string can be served")
    kind: ViewKind = "push" if view.stream_source is not None else "batch"
    ttl_us = round(view.ttl.total_seconds() * 1e6) if view.ttl else 0
    return PlannedView(
        name=view.name,
        kind=kind,
        join_key=view.join_keys[0],
        ttl_us=ttl_us,
        features=_features(view.name, view.features),
    )


def _sources(store: FeatureStore, repository: Path) -> Iterator[tuple[str, PlannedSource]]:
    for view in store.list_feature_views():
        source = view.batch_source
        if isinstance(source, FileSource) and source.path.endswith("parquet") and not source.field_mapping:
            yield view.name, PlannedSource(path=str(repository / source.path), timestamp=source.timestamp_field)


def _derived_view(view: OnDemandFeatureView) -> PlannedView:
    features = (_feature(view.name, field, _tags_of(view, field)) for field in view.features)
    return PlannedView(name=view.name, kind="derived", features=_by_name(features))


def _tags_of(view: OnDemandFeatureView, field: Field) -> dict[str, str]:
    prefix = f"{field.name}."
    return {name.removeprefix(prefix): tag for name, tag in view.tags.items() if name.startswith(prefix)}


def _request_view(source: RequestSource) -> PlannedView:
    return PlannedView(name=source.name, kind="request", features=_features(source.name, source.schema))


def _service(service: FeatureService) -> tuple[str, ...]:
    projections = service.feature_view_projections
    return tuple(sorted(qualified(p.name, feature.name) for p in projections for feature in p.features))


def _features(view: str, fields: Iterable[Field]) -> tuple[PlannedFeature, ...]:
    return _by_name(_feature(view, field, field.tags) for field in fields)


def _by_name(features: Iterable[PlannedFeature]) -> tuple[PlannedFeature, ...]:
    return tuple(sorted(features, key=lambda feature: feature.name))


def _feature(view: str, field: Field, tags: Mapping[str, str]) -> PlannedFeature:
    type_ = TYPES.get(field.dtype)
    if type_ is None:
        raise PlanError(
            f"{view}.{field.name}: a {field.dtype} cannot be served; only strings, numbers and truth values"
        )
    return planned(view, field.name, type_, tags, field.description)


def _require_known_layout(config: RepoConfig) -> None:
    if config.registry.registry_type != "file":
        raise PlanError("only a file registry can be compiled")
    if config.registry.enable_online_feature_view_versioning or config.entity_key_serialization_version != 3:
        raise PlanError("only entity keys of version 3, without view versioning, can be served")


def _online_store_url(config: RepoConfig, repository: Path) -> str:
    store = config.online_store
    if store.type == EMBEDDED:
        return f"sqlite:///{repository / store.path}"
    if store.type in ("redis", EXACT_REDIS) and store.redis_type in ("redis", "redis_cluster"):
        return redis_url(store.connection_string, cluster=store.redis_type == "redis_cluster")
    return f"feast:{store.type}"


def redis_url(connection_string: str, *, cluster: bool = False) -> str:
    """Feast's ``host:port,db=0,password=…`` as a URL; a cluster's has several addresses and no database."""
    parts = connection_string.split(",")
    addresses = [part for part in parts if "=" not in part] or ["localhost:6379"]
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    scheme = "rediss" if options.get("ssl", "").lower() == "true" else "redis"
    user, password = quote(options.get("username", ""), safe=""), quote(options.get("password", ""), safe="")
    login = f"{user}:{password}@" if password else ""
    if cluster:
        return f"{scheme}+cluster://{login}{','.join(addresses)}"
    return f"{scheme}://{login}{addresses[0]}/{options.get('db', '0')}"


if __name__ == "__main__":
    sys.exit(main())
