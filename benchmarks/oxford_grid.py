"""Seconds for a million points (shock, impact) of the Oxford model: `python benchmarks/oxford_grid.py eba_2018.csv`.

The second run of the same grid finds the compiled program, as every later grid of the same model does.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from stress.engine.devices import set_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="balance sheets, CSV")
    parser.add_argument("--side", type=int, default=1000, help="points along each axis")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="cpu")
    options = parser.parse_args()
    devices = set_up(options.device)
    from stress.published.grid import parse_axis, run_grid
    from stress.published.inputs import read_inputs
    from stress.published.registry import find_model

    model = find_model("oxford")
    inputs = read_inputs(model, options.data)
    texts = (f"shock=0.05:0.25:{options.side}", f"impact=0:0.08:{options.side}")
    axes = tuple(parse_axis(model, inputs, text) for text in texts)
    runs = [run_grid(model, inputs, axes, devices) for _ in range(2)]
    print(
        json.dumps(
            {
                "points": runs[0].points,
                "banks": len(inputs.labels["bank"]),
                "devices": devices.describe(),
                "seconds": [round(run.seconds, 2) for run in runs],
                "mean_default_share": float(runs[0].outputs["default_share"].mean()),
            }
        )
    )


if __name__ == "__main__":
    main()
