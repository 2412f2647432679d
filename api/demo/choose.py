"""Which data set a demo is about, from the options of the command line."""

from __future__ import annotations

from api.demo.dataset import DataSet
from api.demo.errors import DemoFailed
from api.demo.experiment import LoggedExperiment
from api.demo.intents import Intents
from api.demo.options import Data, Options
from api.demo.shop import Shop
from api.settings import EXAMPLE_CONFIG
from simulator.logged import mapping_file
from simulator.logged.mapping import LogMapping

HILLSTROM = EXAMPLE_CONFIG.with_name("hillstrom.yaml")


def data_set(options: Options) -> DataSet:
    """The data set that the options name.

    Raises:
        DemoFailed: an option is missing, or goes with another data set.
        ConfigError: the mapping is wrong.
    """
    _require_what_fits(options)
    if options.path is None:
        return Shop(options.customers, options.turns, options.seed)
    if options.data is Data.banking77:
        return Intents(options.path, options.seed, options.rows)
    mapping = mapping_file.load(options.mapping or HILLSTROM)
    return LoggedExperiment(options.path, mapping, options.seed, _metric(mapping, options.metric), options.rows)


def _require_what_fits(options: Options) -> None:
    data = options.data
    for name, given, wanted in (
        ("path", options.path, data is not Data.shop),
        ("mapping", options.mapping, data is Data.csv),
    ):
        if (given is not None) != wanted:
            raise DemoFailed(f"--data {data} {'needs' if wanted else 'takes no'} --{name}")
    if options.metric is not None and data in (Data.shop, Data.banking77):
        raise DemoFailed(f"--data {data} takes no --metric")
    if options.resume and data is not Data.shop:
        raise DemoFailed(f"--data {data} takes no --resume: everybody in a log comes once")


def _metric(mapping: LogMapping, wanted: str | None) -> str:
    if wanted is not None and wanted not in mapping.metrics:
        raise DemoFailed(f"--metric {wanted}: expected one of {', '.join(mapping.metrics)}")
    return wanted or next(iter(mapping.metrics))
