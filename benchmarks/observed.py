"""The model beside what was observed: every recorded observation of the library's episodes, met or missed.

    python benchmarks/observed.py            # prints the page
    python benchmarks/observed.py --write    # writes docs/observed.md

`observations.csv` has what was observed, its source and grade, and the range that counts as met; `observed-days.csv`
the moves of days that no scenario scripts. `observed_model.py` has the model's side.
"""

from __future__ import annotations

import argparse
import math
import textwrap
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
INTRODUCTION = (
    "Written by `python benchmarks/observed.py --write`; do not edit. The model's numbers come from the reference "
    "(`stress/reference`); observations, sources and ranges are in `benchmarks/observations.csv`.",
    "**Grades** of an observation: [F] found in a published source, [C] computed from published numbers or daily "
    "closes, [R] general knowledge or judgement.",
    "**Met** is a model's number within the range beside it. Returns have 0.25 points either way; changes of leverage "
    "1 point for a type of fund and 2 for all of them, levels and relative changes 3; money a third, ETFs 2 bn "
    "USD (9 April: what two reports span); August 2007 a factor of 2; where only a direction is known, its sign.",
    "**In sample** is what was looked at while positions, rules, volumes or the script were chosen: met says little "
    "there. Out of sample is what was compared afterwards.",
)
EPISODES = {
    "april": (
        "April 2025: `tariff-2025`",
        "The first number is the path without a draw, which closes on the observed moves: it is compared. The second "
        f"is the mean over {2 * PAIRS} paths of the scenario's draw, in mirrored pairs, with its standard error. Books "
        "of prime brokers have long-only money and funds that no type stands for: levels of all funds cannot be met.",
    ),
    "deepseek": (
        "27 January 2025",
        "This and the next three days are one step of the funds of `tariff-2025`, positions held, on the moves of the "
        "day as they closed, so no error. Here sectors, credit, Treasuries and the seven legs are recorded.",
    ),
    "march": (
        "6 March 2025",
        "Recorded for this day and the next two are the moves of the legs; the other assets move by their mean given "
        "those, by the calm volatilities and correlations of the library. Rotation between sectors is not in them.",
    ),
    "november": ("13 November 2025", "No fund's result is recorded."),
    "february": (
        "4 February 2026",
        "What funds own fell while published factors rose: value and profitability gained, and the quant books of the "
        "library with them. Only position data would show the loss.",
    ),
    "quants": ("August 2007: `quant-2007-08`", "Only the subprime loss of the 7th is scripted. No draw, so no error."),
    "archegos": (
        "Archegos, March 2021: `archegos-2021`",
        "The two bad days are scripted, and milder than the single stocks' were; baskets stand for single stocks; "
        "broker shares were chosen to the split of losses. The brokers sell from the third step on. No draw, no error.",
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
            model += f" ({text(mean, decimals)} ± {text(error, decimals + 1)})"
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


def paragraph(words: str) -> str:
    """Wrapped to the width of the docs."""
    return textwrap.fill(words, 120, break_long_words=False, break_on_hyphens=False)


def page(single: dict[str, Figures], drawn: Figures, run: Run) -> str:
    """The whole page, from what `figures` returns."""
    observations = read_csv(HERE / "observations.csv")
    lines = ["# The model beside what was observed", ""]
    for words in INTRODUCTION:
        lines += [paragraph(words), ""]
    lines += [*count(observations, single), ""]
    for episode, (title, words) in EPISODES.items():
        mine = [of for of in observations if of["episode"] == episode]
        rows = table(mine, single[episode], drawn if episode == "april" else {})
        lines += [f"## {title}", "", paragraph(words), "", *rows, ""]
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
    written = page(*figures(PAIRS))
    if options.write:
        options.write.write_text(written, encoding="utf-8")
    else:
        print(written, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
