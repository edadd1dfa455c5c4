"""Groups of funds that two results can be compared on."""

from __future__ import annotations

import xarray as xr

from stress.results.fund_groups.as_result import groups_in, of_group


def groups_in_both(a: xr.DataTree, b: xr.DataTree) -> dict[str, tuple[xr.DataTree, xr.DataTree]]:
    """By group, the two results with it in the place of the whole system.

    Both have the group, or one of them has it and the other, which does not, has its funds and no others: a book alone
    and inside a street.
    """
    found = {}
    for group in dict.fromkeys([*groups_in(a), *groups_in(b)]):
        funds = {_members(tree, group) for tree in (a, b) if group in groups_in(tree)}
        sides = [_side(tree, group, funds) for tree in (a, b)]
        if sides[0] is not None and sides[1] is not None:
            found[group] = (sides[0], sides[1])
    return found


def _side(tree: xr.DataTree, group: str, funds: set[frozenset[str]]) -> xr.DataTree | None:
    if group in groups_in(tree):
        return of_group(tree, group)
    return tree if frozenset(map(str, tree["summary"].to_dataset()["fund"].values)) in funds else None


def _members(tree: xr.DataTree, group: str) -> frozenset[str]:
    member = tree["group_summary"].to_dataset()["member"].sel(group=group)
    return frozenset(map(str, member["fund"].values[member.values > 0]))
