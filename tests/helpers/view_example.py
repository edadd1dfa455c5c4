"""Every closer look at one small result, as the text that a terminal shows."""

from __future__ import annotations

import io

import xarray as xr
from rich.console import Console

from collected_example import collected
from stress.results.dataset.tree import to_datatree
from stress.results.terminal import views
from stress.results.terminal.views import View

TREE = to_datatree(collected(paths=4000))
FLOW = TREE["timeline"].to_dataset()["forced_flow_by_fund_usd"] / 1e6  # m USD
RUN = "runs/example"
EVERY = {
    "sales": lambda tree: views.sales(tree, RUN),
    "sales of a step": lambda tree: views.sales(tree, RUN, steps=[2]),
    "sales of a fund": lambda tree: views.sales(tree, RUN, funds=["zeta"]),
    "sales on the worst paths": lambda tree: views.sales(tree, RUN, part="worst_1pct"),
    "exposure": lambda tree: views.exposure(tree, RUN),
    "exposure of a fund by asset": lambda tree: views.exposure(tree, RUN, "mid", by="asset"),
    "retail": lambda tree: views.purchases(tree, RUN),
    "timeline": lambda tree: views.timeline(tree, RUN),
    "timeline of an asset": lambda tree: views.timeline(tree, RUN, asset="semis"),
    "attribution": lambda tree: views.attribution(tree, RUN),
    "attribution of a fund": lambda tree: views.attribution(tree, RUN, "mid"),
    "worst": lambda tree: views.worst(tree, RUN, "mid"),
    "contributions": lambda tree: views.contributions(tree, RUN, 0.99),
    "picture": lambda tree: views.picture(tree, RUN, 80),
}


def text_of(view: View, width: int = 100) -> str:
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    for part in view.shown:
        screen.print(part)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def replaced(group: str, dataset: xr.Dataset | None) -> xr.DataTree:
    """The result with another group in the place of one, or without it."""
    parts = {str(name): part.to_dataset() for name, part in TREE.children.items() if name != group}
    return xr.DataTree.from_dict(
        {"/": xr.Dataset(attrs=TREE.attrs), **parts, **({} if dataset is None else {group: dataset})}
    )
