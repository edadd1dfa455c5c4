"""The model beside what was observed: every recorded observation of the library's episodes, met or missed.

    python benchmarks/observed.py            # prints the page
    python benchmarks/observed.py --write    # writes docs/observed.md

`observations.csv` has what was observed, its source and grade, and the range that counts as met; `observed-days.csv`
the moves of days that no scenario scripts. `observed_model.py` has the model's side.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from observed_model import (
    HERE,
    PAIRS,
    Figures,
    Run,
    april,
    archegos,
    draws,
    load,
    long_short_alone,
    mean_and_error,
    one_day,
    quants,
    read_csv,
    without_draw,
)
from stress.reference.result import simulate

PAGE = HERE.parent / "docs" / "observed.md"
DECIMALS = {"%": 2, "points": 1, "% of NAV": 1, "bn USD": 1, "times": 2, "rank": 0, "funds": 0}
INTRODUCTION = """# The model beside what was observed

Written by `python benchmarks/observed.py --write`; do not edit. The model's numbers come from the reference
(`stress/reference`), the observations, their sources and the ranges from `benchmarks/observations.csv`.

- **Grades** of an observation: [F] found in a published source, [C] computed from published numbers or daily closes, [R]
  general knowledge or judgement.
- **Met** is a model's number within the range beside it. Ranges: a day's return 0.25 points either way; leverage 1 point for
  a type of fund and 2 for all of them; money a third either way, leveraged ETFs 2 bn USD; August 2007 a factor of 2; where
  only a direction is known, its sign.
- **In sample** is what was looked at while positions, rules, volumes or the script were chosen: met says little there. Out of
  sample is what was compared afterwards.
"""
EPISODES = {
    "april": (
        "April 2025: `tariff-2025`",
        "The first number is the path without a draw, which closes on the observed moves: it is compared. The second is the "
        f"mean over {2 * PAIRS} paths of the scenario's draw, in mirrored pairs, and its standard error. Prime brokers' books "
        "contain long-only money and funds that no type here stands for, so levels of all funds together cannot be met.",
    ),
    "deepseek": (
        "27 January 2025",
        "Other days are one step of the funds of `tariff-2025`, positions held, on the moves of that day: sectors, credit, "
        "Treasuries and legs as observed.",
    ),
    "march": (
        "6 March 2025",
        "Recorded for this day and the next two are the moves of the seven legs; the other assets move by their mean given those, by "
        "the calm volatilities and correlations of the library, so a rotation between sectors is not in them.",
    ),
    "november": ("13 November 2025", "No fund's result is recorded."),
    "february": (
        "4 February 2026",
        "What funds own fell while published factors rose: value and profitability gained, and the quant books of the library with them. "
        "Only position data would show it.",
    ),
    "quants": ("August 2007: `quant-2007-08`", "Only the subprime loss of the 7th is scripted. No draw, so no error."),
    "archegos": (
        "Archegos, March 2021: `archegos-2021`",
        "Broker shares were chosen to the split of losses. The two bad days are scripted, baskets stand for single stocks, and the "
        "brokers' sales start on the third step. No draw, so no error.",
    ),
}


def figures(pairs: int) -> tuple[dict[str, Figures], Figures, Run]:
    """By episode, without a draw; of April 2025 also with draws, and the run without."""
    problem = load("tariff-2025")
    run = Run(problem, without_draw(problem))
    days = {"deepseek": "2025-01-27", "march": "2025-03-06", "november": "2025-11-13", "february": "2026-02-04"}
    single = {
        "april": april(problem, run.result) | long_short_alone(),
        **{episode: one_day(date) for episode, date in days.items()},
        "quants": quants(),
        "archegos": archegos(),
    }
    return single, april(problem, simulate(problem, draws(problem, pairs))), run


def text(value: float, decimals: int) -> str:
    """A number of the page; no minus zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def accepted(low: float, high: float) -> str:
    """The range that counts as met, as words."""
    if math.isinf(low):
        return f"below {high:g}"
    if math.isinf(high):
        return f"above {low:g}"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def verdict(observation: dict[str, str], value: float) -> str:
    """`met`, `missed`, or nothing where no number can be compared."""
    if not observation["low"]:
        return ""
    return "met" if float(observation["low"]) <= value <= float(observation["high"]) else "missed"


def table(observations: list[dict[str, str]], single: Figures, drawn: Figures) -> list[str]:
    """Markdown rows of an episode; the mean over draws stands in brackets."""
    rows = [
        "| observed | when | source | recorded | model | counts as met | | sample |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for of in observations:
        decimals, value = DECIMALS[of["unit"]], float(single[of["key"]][0])
        model = text(value, 4 if of["key"] == "closes" else decimals)
        if of["key"] in drawn and of["key"] != "closes":
            mean, error = mean_and_error(np.asarray(drawn[of["key"]], float))
            model += f" ({text(mean, decimals)} ± {text(error, decimals)})"
        found, ranged = verdict(of, value), accepted(float(of["low"]), float(of["high"])) if of["low"] else "-"
        unit = "" if of["unit"] in ("rank", "funds") else f", {of['unit']}"
        cells = [of["observed"] + unit, of["when"], f"{of['source']} [{of['grade']}]", of["recorded"], model, ranged]
        rows.append(f"| {' | '.join(cells)} | {f'**{found}**' if found else '-'} | {of['sample']} |")
    return rows


def count(observations: list[dict[str, str]], single: dict[str, Figures]) -> list[str]:
    """How many are met, by episode, in and out of sample."""
    rows = ["| episode | in sample | met | out of sample | met |", "|---|---|---|---|---|"]
    for episode, (title, _) in [*EPISODES.items(), ("", ("all", ""))]:
        cells = []
        for sample in ("in", "out"):
            found = [
                verdict(of, float(single[of["episode"]][of["key"]][0]))
                for of in observations
                if of["low"] and of["sample"] == sample and of["episode"] in (episode or EPISODES)
            ]
            cells += [str(len(found)), str(found.count("met"))]
        rows.append(f"| {title} | {' | '.join(cells)} |")
    return rows


def page(pairs: int = PAIRS) -> str:
    """The whole page."""
    observations = read_csv(HERE / "observations.csv")
    single, drawn, run = figures(pairs)
    lines = [INTRODUCTION, *count(observations, single), ""]
    for episode, (title, words) in EPISODES.items():
        mine = [of for of in observations if of["episode"] == episode]
        lines += [f"## {title}", "", words, "", *table(mine, single[episode], drawn if episode == "april" else {}), ""]
        if episode == "april":
            lines += ["Return of every type since the start on the path without a draw, % of NAV:", ""]
            lines += ["| type | 3 Apr | 4 Apr | 7 Apr | 8 Apr | 9 Apr |", "|---|---|---|---|---|---|"]
            for kind in run.problem.funds.types:
                back = [text(float(value), 2) for value in run.back(kind)[:, 0]]
                lines.append(f"| `{kind}` | {' | '.join(back)} |")
            lines.append("")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print or write the page."""
    parser = argparse.ArgumentParser(description="The model beside what was observed, as docs/observed.md.")
    parser.add_argument(
        "--write", type=Path, nargs="?", const=PAGE, metavar="FILE", help=f"write it; default: {PAGE.name}"
    )
    options = parser.parse_args(arguments)
    if options.write:
        options.write.write_text(page(), encoding="utf-8")
    else:
        print(page(), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
