"""How the tests are compiled: names of files that are left, and programs that are not taken for each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from compilation import AS_SHIPPED, BITS, EMITTERS, as_shipped, compiled_quickly, in_haste, in_more_haste, more_haste
from stress.engine.devices import set_up
from stress.engine.kept import programs


def test_what_is_listed_is_there() -> None:
    assert [name for name in BITS if not (Path(__file__).parent / name).exists()] == []
    assert list(BITS) == sorted(set(BITS))


def test_programs_in_more_haste_have_other_options_and_another_name() -> None:
    """A name follows from the settings that are read; this file itself is compiled in more haste."""
    mesh, kept = set_up("cpu", 1).mesh, cast("Any", programs)
    inside, options, flags = kept._settings(), kept.compiler_options(mesh), os.environ["XLA_FLAGS"]
    with more_haste():
        assert os.environ["XLA_FLAGS"] == flags, "not twice"
    found = as_shipped({"XLA_FLAGS": flags})["XLA_FLAGS"]
    hastened = AS_SHIPPED not in os.environ and EMITTERS in compiled_quickly()
    assert (EMITTERS in options) == (EMITTERS in flags) == hastened
    assert EMITTERS not in found
    before = in_haste({"XLA_FLAGS": "--one=1"})
    assert in_more_haste(before) == in_more_haste(in_more_haste(before))
    assert as_shipped(in_more_haste(before)) == {"XLA_FLAGS": "--one=1"}
    assert any(flags == one for one in inside if isinstance(one, str))
