"""A story as a file: zarr or netCDF with labelled groups, JSON, or a picture."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import xarray as xr

from stress.errors import MissingExtra
from stress.results.files.durable_write import write_durably
from stress.results.story.document import story_json

PICTURES = (".png", ".svg", ".pdf")
SUFFIXES = (".zarr", ".nc", ".json", *PICTURES)
NEEDED = {".nc": ("h5netcdf", "export"), **dict.fromkeys(PICTURES, ("matplotlib", "report"))}


def check_story_file(path: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be meant, before anything is computed.

    Raises:
        ValueError: a suffix other than those of `SUFFIXES`.
        FileExistsError: it is there and `overwrite` is off, or it is a folder that holds something else than a story.
        MissingExtra: the format needs a module that is not installed.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: the name has to end with {', '.join(SUFFIXES)}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} is there already; --overwrite replaces it")
    if path.is_dir() and not (path.suffix == ".zarr" and (path / "zarr.json").is_file()):
        raise FileExistsError(f"{path} is a folder that holds no story")
    module, extra = NEEDED.get(path.suffix, ("", ""))
    if module and find_spec(module) is None:
        raise MissingExtra(f"{path.suffix} needs {module}: pip install 'levstress[{extra}]'")


def write_story(story: xr.DataTree, path: Path) -> None:
    """Write a story to `path`, whose suffix chooses the format; it is there whole or not at all.

    Raises:
        ValueError: the suffix.
        OSError: whatever the system refuses.
    """
    if path.suffix == ".json":
        write_durably(path, (json.dumps(story_json(story), indent=1, allow_nan=False) + "\n").encode())
        return
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=path.parent))
    try:
        made = scratch / path.name
        _make(story, made)
        if path.is_dir():
            path.rename(scratch / "replaced")
        os.replace(made, path)
    finally:
        shutil.rmtree(scratch)


def _make(story: xr.DataTree, path: Path) -> None:
    if path.suffix == ".zarr":
        with warnings.catch_warnings():  # metadata in one place is what readers look for first
            warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
            _with_strings(story).to_zarr(path, mode="w-", zarr_format=3, consolidated=True)
    elif path.suffix == ".nc":
        about = {name: str(value) if name == "seed" else value for name, value in story.attrs.items()}
        tree = story.copy()
        tree.attrs = about  # netCDF has no whole numbers of 64 bits without a sign
        tree.to_netcdf(path, engine="h5netcdf")
    elif path.suffix in PICTURES:
        from stress.results.plot.story import story as draw
        from stress.results.plot.style import save

        save(draw(story), path)
    else:
        raise ValueError(f"{path}: the name has to end with {', '.join(SUFFIXES)}")


def _with_strings(story: xr.DataTree) -> xr.DataTree:
    """Texts as variable-length strings: zarr 3 has no settled form for NumPy's fixed-width ones."""
    groups = {}
    for group in story.subtree:
        dataset = group.to_dataset(inherit=False)
        texts = [str(name) for name, variable in dataset.variables.items() if variable.dtype.kind == "U"]
        strings = np.dtypes.StringDType()
        groups[group.path] = dataset.assign_coords({name: dataset[name].astype(strings) for name in texts})
    return xr.DataTree.from_dict(groups, name=story.name)
