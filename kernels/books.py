"""What funds hold: books of few shapes in many sizes, so that the state is one number a book and path."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class Convexity(NamedTuple):
    """Gammas and thetas of options, in the units of deltas in `Books`; theta for a step. See `kernels.convexity`."""

    gamma: Array  # (shape, asset)
    net_gamma: Array  # (shape, asset) of assets that count in net
    theta: Array  # (shape, 1) of all assets
    member_gamma: Array  # (member, asset) of what is held at the start, fraction of NAV
    member_theta: Array  # (member, 1)
    group_gamma: Array  # (row, asset) of each reported group, system last
    group_theta: Array  # (row, 1)
    flow_matrix: Array  # (asset, shape) gamma over ADV, in 1/(bn USD)
    theta_matrix: Array  # (asset, shape) theta over ADV, likewise


class Books(NamedTuple):
    """Positions at the start."""

    shapes: Array  # (shape, asset) signed weights, sum |w| = 1
    gross_shapes: Array  # (shape, asset) |weights|
    net_shapes: Array  # (shape, asset) weights of assets that count in net
    gross: Array  # (book, 1) gross at k = 1 as a multiple of the fund's NAV
    start_held: Array  # (book, 1) k at the start: 1, or 0 of a book that starts at nothing
    nav: Array  # (book, 1) NAV of the book's fund, bn USD
    start_exposure: Array  # (member, asset) signed positions at the start, fraction of NAV
    group_exposure: Array  # (row, asset) the same of each reported group, system last
    flow_matrix: Array  # (asset, shape) weights over ADV, in 1/(bn USD)
    gross_flow_matrix: Array  # (asset, shape) |weights| over ADV, in 1/(bn USD)
    adv: Array  # (asset, 1) average daily volume, bn USD
    convexity: Convexity | None = None  # gammas and thetas of options; None: there are none
