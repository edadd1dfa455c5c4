"""What an answer says, in sentences: how plausible the shocks are, and whether they explain what happens."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stress.results.answers.reverse.dataset import GROUP
from stress.results.terminal.cells import percent

FACTOR = 3.0  # by which probabilities may differ for a shock to be called the explanation
FARTHEST = 12  # norm up to which a shock is looked for, see docs/reverse.md
NOTHING_FOUND = (
    f"No shock up to {FARTHEST} standard normals was found that brings it about. That is no proof that there is none."
)
SMALL = 1e-3  # below it a probability is written by its power of ten


def chance(probability: float) -> str:
    """A probability for a reader, two digits."""
    return chances(probability)[0]


def chances(*all_of_them: float) -> list[str]:
    """Probabilities that stand beside each other, in one manner: in percent where none is small."""
    small = min(all_of_them) < SMALL
    return [f"{one:.1e}" if small else percent(float(f"{one:.2g}")) for one in all_of_them]


def explained(tree: xr.DataTree) -> str:
    """Whether the shocks found account for how often it happens: "yes", "too rare", "too frequent" or "nothing found".

    Their probabilities (of the half-spaces, on every step where they work) are held against the 95 % interval of the
    plain paths, a factor of FACTOR to either side.
    """
    table = tree[GROUP].to_dataset()
    if not table.sizes["answer"]:
        return "nothing found"
    total = float(table["prob_days"].sum())
    if total < float(table["prob_plain_ci_low"]) / FACTOR:
        return "too rare"
    return "too frequent" if total > float(table["prob_plain_ci_high"]) * FACTOR else "yes"


def simulated(tree: xr.DataTree) -> str:
    """How often it happens in the plain run."""
    table, hits, paths = tree[GROUP].to_dataset(), int(tree.attrs["hits"]), int(tree.attrs["paths"])
    low, high = (float(table[f"prob_plain_ci_{end}"]) for end in ("low", "high"))
    if not hits:
        return f"Simulated: on none of {paths:,} plain paths; its probability is below {chance(high)} (95 %)."
    value, least, most = chances(float(table["prob_plain"]), low, high)
    return f"Simulated: {value}, {hits:,} of {paths:,} plain paths; 95 % interval {least} to {most}."


def notes(tree: xr.DataTree) -> list[str]:
    """How to read it."""
    table, verdict = tree[GROUP].to_dataset(), explained(tree)
    lines = [simulated(tree)]
    if tree.attrs["chosen"]:
        lines.append(f"The limit is {tree.attrs['chosen']}.")
    if verdict == "nothing found":
        return [*lines, NOTHING_FOUND]
    together = float(table["prob_days"].sum())
    total = chance(together)
    if verdict == "yes":
        within = float(table["prob_plain_ci_low"]) <= together <= float(table["prob_plain_ci_high"])
        fits = "in line with the simulation" if within else "of the order of the simulation, not within its interval"
        lines.append(f"The half-spaces beyond the shocks have {total} together, {fits}.")
    elif verdict == "too rare":
        lines.append(
            f"No single shock explains it: the half-spaces beyond the shocks have {total} together, far less than the "
            "simulation. Many different days bring it about: look at the mean of the paths on which it happens."
        )
    else:
        lines.append(
            f"No single shock explains it: the half-spaces beyond the shocks would have {total} together, far "
            "more than the simulation. Each shock works as it stands, most draws as far out in its direction do not."
        )
    if bool(table["leaves_again"].any()):
        which = _listed(table, "leaves_again")
        lines.append(
            f"Shock {which}: some larger shocks of the same direction do not bring it about; its first point is shown."
        )
    if bool(table["happens_below"].any()):
        lines.append(f"Shock {_listed(table, 'happens_below')}: a shock 1e-4 smaller brings it about as well.")
    return lines


def _listed(table: xr.Dataset, flag: str) -> str:
    return ", ".join(str(number) for number in table["answer"].values[np.asarray(table[flag].values, bool)])
