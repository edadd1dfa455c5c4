"""Metrics of single paths as tables, from calls or from chunks of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.engine.block import SalesBlock
from stress.engine.simulator import Finished
from stress.engine.tiles import TiledPaths
from stress.kernels.path import PathMetrics
from stress.results.statistics.simulation_output import COURSE, PATH_METRICS, STATIC, PathTable

Ids = npt.NDArray[np.uint64]
TABLE_ARRAYS = ("ids", *PATH_METRICS, "first_call_step", "defaulted", "broker_loss")


def path_table(blocks: list[Finished], brokers: int) -> PathTable:
    """Metrics of single paths from calls on the host, ordered by path id; sales overwrite what held still."""
    ids = np.unique(np.concatenate([finished.tiled.ids for finished in blocks]))
    block = blocks[0].block
    rows = block.metrics.fund_loss.shape[1]
    table = PathTable(
        path_ids=ids,
        metrics={name: np.zeros((rows, len(ids))) for name in PATH_METRICS},
        first_call_step=np.zeros((rows, len(ids)), np.int64),
        defaulted=np.zeros((rows, len(ids)), np.bool_),
        broker_loss=np.zeros((brokers, len(ids))),
    )
    for finished in sorted(blocks, key=lambda x: isinstance(x.block, SalesBlock)):
        tiled, metrics = finished.tiled, finished.block.metrics
        at = np.searchsorted(ids, tiled.ids)

        def by_path(values: Any, tiled: TiledPaths = tiled) -> npt.NDArray[Any]:
            return tiled.by_path(np.asarray(values))

        if isinstance(metrics, PathMetrics):
            for name in PATH_METRICS:
                values = getattr(metrics, name)
                if values.shape[1] == rows:  # else the quiet program has them
                    table.metrics[name][:, at] = by_path(values)
            table.first_call_step[:, at] = by_path(metrics.first_call_step)
            table.defaulted[:, at] = by_path(metrics.defaulted)
            table.broker_loss[:, at] = by_path(metrics.broker_loss)
        else:
            for name in COURSE:
                table.metrics[name][:, at] = by_path(getattr(metrics, name))
                if name in STATIC:
                    table.metrics[f"{name}_static"][:, at] = table.metrics[name][:, at]
    return table


def metrics_table(tiled: TiledPaths, metrics: PathMetrics) -> PathTable:
    """The table of one call whose paths are in the order of their ids."""

    def by_path(values: Any) -> npt.NDArray[Any]:
        return tiled.by_path(np.asarray(values))

    return PathTable(
        path_ids=tiled.ids,
        metrics={name: by_path(getattr(metrics, name)).astype(np.float64) for name in PATH_METRICS},
        first_call_step=by_path(metrics.first_call_step).astype(np.int64),
        defaulted=by_path(metrics.defaulted),
        broker_loss=by_path(metrics.broker_loss).astype(np.float64),
    )


def select_paths(table: PathTable, ids: Ids) -> PathTable:
    """The rows of a table for some path ids, in the order of `ids`."""
    at = np.searchsorted(table.path_ids, ids)
    return PathTable(
        path_ids=ids,
        metrics={name: values[:, at] for name, values in table.metrics.items()},
        first_call_step=table.first_call_step[:, at],
        defaulted=table.defaulted[:, at],
        broker_loss=table.broker_loss[:, at],
    )


def table_arrays(table: PathTable) -> dict[str, npt.NDArray[Any]]:
    """A table as arrays by name, see `TABLE_ARRAYS`."""
    others = {"first_call_step": table.first_call_step, "defaulted": table.defaulted, "broker_loss": table.broker_loss}
    return {"ids": table.path_ids, **table.metrics, **others}


def table_of(arrays: dict[str, npt.NDArray[Any]]) -> PathTable:
    """The table of such arrays."""
    metrics = {name: arrays[name] for name in PATH_METRICS}
    return PathTable(arrays["ids"], metrics, arrays["first_call_step"], arrays["defaulted"], arrays["broker_loss"])


def joined(tables: list[PathTable]) -> PathTable:
    """Tables of different paths as one, ordered by path id."""
    ordered = sorted(tables, key=lambda table: int(table.path_ids[0]))
    parts = [table_arrays(table) for table in ordered]
    return table_of({name: np.concatenate([part[name] for part in parts], axis=-1) for name in TABLE_ARRAYS})
