"""What a reader of a sensitivity analysis must know, in sentences."""

from __future__ import annotations

import math

from stress.results.answers.sensitivity.shown import SHOWN, Study
from stress.results.terminal.cells import few_paths

NAMED = 3  # parameters that move a figure most


def most(study: Study) -> list[tuple[str, list[str]]]:
    """For each figure what moves it most over its range, the first three."""
    found = []
    for name in SHOWN:
        ordered = [one for one in study.by_swing(name) if study.at("tornado", name, "swing", parameter=one) > 0]
        found.append((name, ordered[:NAMED]))
    return found


def notes(study: Study) -> list[str]:
    """In the order in which they matter."""
    tree = study.tree
    paths, step = int(tree.attrs["paths"]), float(tree.attrs["step"])
    lines = [
        f"The same {paths:,} paths at every point; the small number is the standard error, from differences path by "
        "path (±?: too few paths for one). "
        f"Elasticity: change in % for 1 % more, by differences of {100 * step:g} % to either side."
    ]
    if study.few("es"):
        lines.append(few_paths(study.level, paths))
    one_sided: dict[str, list[str]] = {side: [] for side in ("below", "above", "none")}
    for name in study.parameters:
        side = study.text(name, "sides")
        if side in one_sided:
            one_sided[side].append(study.title(name))
    if one_sided["below"]:
        lines.append(
            f"By the difference to {100 * step:g} % less alone, as with more the scenario cannot start: "
            f"{', '.join(one_sided['below'])}."
        )
    if one_sided["above"]:
        lines.append(
            f"By the difference to {100 * step:g} % more alone, as with less the scenario cannot start: "
            f"{', '.join(one_sided['above'])}."
        )
    if one_sided["none"]:
        lines.append(f"No derivative, as the scenario can start on neither side: {', '.join(one_sided['none'])}.")
    if study.has("tornado"):
        lines += _of_ranges(study)
    if str(tree.attrs["not_calibrated"]):
        lines.append(f"Not calibrated again: {tree.attrs['not_calibrated']}; moved numbers keep that script.")
    return lines


def _of_ranges(study: Study) -> list[str]:
    tree = study.tree
    lines = []
    if any("*" in end for name in study.ranged for end in study.ends(name)):
        lines.append(
            "*: as far as the scenario can start; beyond, a fund would begin in a margin call "
            "(--set margin.allow_start_in_call=true lets it)."
        )
    unknown = [study.title(name) for name in study.parameters if name not in study.ranged]
    if unknown:
        lines.append(f"No range is known, so not in the tornado and the total: {', '.join(unknown)}.")
    points, lost = study.points, int(tree.attrs["points_left_out"])
    if lost:
        lines.append(
            f"{lost} of {points + lost} points of the ranges cannot start and were left out: the total is of scenarios "
            "that can start."
        )
    if study.has("total"):
        lines.append(
            "Total: 95 % interval of the figure over ranges and sampling together, ranges independent; its ends "
            f"rest on {points} points, which gives them the standard errors beside them."
        )
        bare = [study.heading(name) for name in SHOWN if math.isnan(study.at("total", name, "total_low"))]
        if bare:
            lines.append(
                f"No total of {', '.join(bare)}: at more than one in ten of these points too few paths had any of it "
                "for an interval; more --paths would tell."
            )
    return lines
