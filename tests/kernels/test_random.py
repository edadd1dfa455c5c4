"""Random bits against known answers, normals and the Student-t scale against scipy, streams and independence."""

from __future__ import annotations

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from stress.compile.shocks.names import names as asset_names
from stress.kernels.random.normals import (
    Key,
    Scratch,
    normals,
    normals_of_step,
    pair_keys,
    radius,
    scratch,
    sine_of_phase,
)
from stress.kernels.random.threefry import threefry2x32
from stress.kernels.shocks.student_t import Z_RANGE, common_scale, scale_coefficients

# Known answers of Random123 for threefry2x32 with 20 rounds: (counter, key, words).
KNOWN = [
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]
WORDS = np.unique(
    np.concatenate(
        [
            np.arange(0, 4096),
            (2.0 ** np.linspace(0, 31.999, 40_000)).astype(np.uint64),
            2**32 - 1 - np.arange(0, 4096),
            np.linspace(0, 2**32 - 1, 40_001).astype(np.uint64),
        ]
    )
).astype(np.uint32)


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]) -> None:
    result = threefry2x32((jnp.uint32(key[0]), jnp.uint32(key[1])), (jnp.uint32(counter[0]), jnp.uint32(counter[1])))
    assert tuple(int(w) for w in result) == words


def test_radius_over_the_whole_range() -> None:
    exact = np.sqrt(-2.0 * np.log((WORDS + 0.5) * 2.0**-32))
    ours = np.asarray(jax.jit(lambda w: radius(w, jnp.float32))(jnp.asarray(WORDS)), np.float64)
    body = exact > 0.05
    assert np.abs(ours - exact)[body].max() < 2e-6
    assert np.abs(ours - exact).max() < 3e-4  # below 0.05 only float32's spacing near u = 1 is left
    assert 6.75 < ours.max() < 6.77


def test_sine_over_the_whole_circle() -> None:
    exact = np.sin(2.0 * np.pi * WORDS.astype(np.float64) * 2.0**-32)
    ours = np.asarray(jax.jit(lambda w: sine_of_phase(w, jnp.float32))(jnp.asarray(WORDS)), np.float64)
    assert np.abs(ours - exact).max() < 2e-7


@partial(jax.jit, static_argnums=(1, 2))
def in_pair(
    seed: tuple[int, int], stream: int, pair: int, names: jax.Array, low: jax.Array, high: jax.Array, room: Scratch
) -> Scratch:
    keys = pair_keys(jnp.array(seed, jnp.uint32), stream, 2 * pair + 1, names)
    return normals(Key(keys.first[pair], keys.second[pair]), low, high, room)


def draw_normals(
    seed: int, stream: int, names: list[tuple[int, int]], pair: int, paths: int, first: int = 0
) -> np.ndarray:
    """Normals of the rows of these names in both steps of a pair: (2, row, path)."""
    low = jnp.arange(first, first + paths, dtype=jnp.uint32)
    room = scratch(len(names), paths, jnp.float32)
    drawn = in_pair((seed, 0), stream, pair, jnp.asarray(names, jnp.uint32), low, jnp.zeros_like(low), room)
    return np.stack([drawn.first, drawn.second]).astype(np.float64)[:, :-1]


NAMES = [(int(a), int(b)) for a, b in asset_names([f"asset{n}" for n in range(8)])]


def hash_in_numpy(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Threefry-2x32 once more, from the paper: rounds of add, rotate, xor; the key is injected after every fourth."""
    mask, rotations = 0xFFFFFFFF, (13, 15, 26, 6, 17, 29, 16, 24)
    k = (*key, 0x1BD11BDA ^ key[0] ^ key[1])
    x, y = (counter[0] + k[0]) & mask, (counter[1] + k[1]) & mask
    for r in range(20):
        x = (x + y) & mask
        y = ((y << rotations[r % 8] | y >> (32 - rotations[r % 8])) & mask) ^ x
        if r % 4 == 3:
            d = r // 4 + 1
            x, y = (x + k[d % 3]) & mask, (y + k[(d + 1) % 3] + d) & mask
    return x, y


def test_the_bits_of_a_draw_are_those_of_its_key_and_counter() -> None:
    """Seed, stream, pair of steps and name make the key, the 64-bit path id is the counter; packing changes no bit."""
    seed, stream, pair = (5, 7), 2, 3
    ids = [0, 1, 17, 2**32 - 1, 2**32, 2**40 + 12345]
    low, high = jnp.asarray([i & 0xFFFFFFFF for i in ids], jnp.uint32), jnp.asarray([i >> 32 for i in ids], jnp.uint32)
    room = scratch(3, len(ids), jnp.float32)
    words = np.asarray(in_pair(seed, stream, pair, jnp.asarray(NAMES[:3], jnp.uint32), low, high, room).words)
    for row, name in enumerate(NAMES[:3]):
        key = hash_in_numpy(hash_in_numpy(seed, (stream, pair)), name)
        expected = [hash_in_numpy(key, (i & 0xFFFFFFFF, i >> 32)) for i in ids]
        found = words[row].view(np.uint32).reshape(-1, 2)
        np.testing.assert_array_equal(found, np.array(expected, np.uint32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_by_itself_has_the_bits_that_it_has_in_its_pair(dtype: str) -> None:
    with jax.enable_x64(dtype == "float64"):
        low = jnp.arange(200, dtype=jnp.uint32)
        high, names = low // 7, jnp.arange(6, dtype=jnp.uint32).reshape(3, 2)
        key = Key(*(word[1] for word in pair_keys(jnp.array([5, 6], jnp.uint32), 3, 4, names)))
        both = normals(key, low, high, scratch(3, 200, jnp.dtype(dtype)))
        words = [np.asarray(part, np.float32).view(np.uint32) for part in (both.words.real, both.words.imag)]
        for second, (expected, word) in enumerate(zip((both.first, both.second), words, strict=True)):
            found, read = normals_of_step(key, low, high, jnp.int32(second), jnp.dtype(dtype))
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(read, word[:-1])


def test_the_name_of_an_asset_is_the_start_of_the_digest_of_its_id() -> None:
    assert [f"{a:08x}{b:08x}" for a, b in asset_names(["abc", ""])] == ["ba7816bf8f01cfea", "e3b0c44298fc1c14"]


def test_normals_have_the_normal_distribution_and_are_independent() -> None:
    """Of two rows, of the two steps of a pair, which share a radius, and of the steps of two pairs."""
    z = np.concatenate([draw_normals(7, 1, NAMES[:3], pair, 200_000).reshape(6, -1) for pair in (0, 1)])
    count = z.shape[1]
    for row in z:
        assert stats.kstest(row, "norm").pvalue > 1e-4
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert np.abs((z**power).mean(axis=1) - moment).max() < 5 * np.sqrt(variance / count)
    for transform in (lambda x: x, np.square, np.abs):  # the steps of a pair share a radius
        correlation = np.corrcoef(transform(z))
        assert np.abs(correlation - np.eye(len(z))).max() < 5 / np.sqrt(count)
    shifted = z + 0.02
    assert stats.kstest(shifted[0], "norm").pvalue < 1e-4, "the test must be able to fail"


def test_the_steps_of_a_pair_are_independent_in_their_tails() -> None:
    """Counts beyond two deviations in both steps, in each of the four corners, and in either of them."""
    first, second = draw_normals(11, 1, NAMES, 0, 2**18).reshape(2, -1)
    tail = stats.norm.sf(2.0)
    for left in (first > 2, first < -2):
        for right in (second > 2, second < -2):
            expected = first.size * tail**2
            assert abs((left & right).sum() - expected) < 5 * np.sqrt(expected)
    assert abs((first > 2).sum() - first.size * tail) < 5 * np.sqrt(first.size * tail)
    assert ((first > 2) & (first > 2)).sum() > 2 * first.size * tail**2, "the test must be able to fail"


def test_no_two_draws_share_their_words() -> None:
    """By rows, pairs of steps, streams and seeds: every word of a hash is met once, as often as chance has it."""
    low = jnp.arange(64, dtype=jnp.uint32)
    room, names = scratch(8, 64, jnp.float32), jnp.asarray(NAMES, jnp.uint32)
    words = np.concatenate(
        [
            np.asarray(in_pair((seed, 0), stream, pair, names, low, jnp.zeros_like(low), room).words)[:-1]
            for seed in (1, 2)
            for stream in (1, 2)
            for pair in range(16)
        ]
    )
    hashes = words.view(np.uint64)
    assert len(np.unique(hashes)) == hashes.size
    single = words.view(np.uint32)
    assert single.size - len(np.unique(single)) < 10, "65,536 words of 32 bits coincide half a time"


@cache
def many_normals() -> np.ndarray:
    return np.concatenate([draw_normals(3, 1, NAMES, pair, 2**18) for pair in range(4)])


@pytest.mark.parametrize("level", [3.0, 4.0, 4.5])
def test_tails_have_the_right_mass(level: float) -> None:
    z = many_normals()
    expected = z.size * stats.norm.sf(level)
    for count in ((z > level).sum(), (z < -level).sum()):
        assert abs(count - expected) < 5 * np.sqrt(expected)


def test_bits_depend_on_seed_stream_path_step_and_name_alone() -> None:
    reference = draw_normals(7, 1, NAMES, 2, 64, first=100)
    np.testing.assert_array_equal(reference, draw_normals(7, 1, NAMES, 2, 200)[..., 100:164])
    np.testing.assert_array_equal(reference[:, 2:5], draw_normals(7, 1, NAMES[2:5], 2, 64, 100))
    np.testing.assert_array_equal(reference[:, ::-1], draw_normals(7, 1, NAMES[::-1], 2, 64, 100))
    for other in (
        draw_normals(8, 1, NAMES, 2, 64, 100),
        draw_normals(7, 2, NAMES, 2, 64, 100),
        draw_normals(7, 1, NAMES, 3, 64, 100),
        draw_normals(7, 1, [(b, a) for a, b in NAMES], 2, 64, 100),
        reference[::-1],
    ):
        assert not np.any(other == reference)


def test_path_ids_have_64_bits() -> None:
    low, high = jnp.zeros(4, jnp.uint32), jnp.arange(4, dtype=jnp.uint32)
    names = jnp.asarray(NAMES[:4], jnp.uint32)
    z = np.asarray(in_pair((1, 0), 1, 0, names, low, high, scratch(4, 4, jnp.float32)).first)[:-1]
    assert len(np.unique(z)) == z.size


def test_both_precisions_start_from_the_same_bits() -> None:
    low, names = jnp.arange(1000, dtype=jnp.uint32), jnp.asarray(NAMES[:6], jnp.uint32)
    single = in_pair((1, 0), 1, 0, names, low, low, scratch(6, 1000, jnp.float32))
    with jax.enable_x64(True):
        double = in_pair((1, 0), 1, 0, names, low, low, scratch(6, 1000, jnp.float64))
        assert double.first.dtype == jnp.float64
    for ours, exact in ((single.first, double.first), (single.second, double.second)):
        assert np.abs(np.asarray(ours, np.float64) - np.asarray(exact)).max() < 3e-6


@pytest.mark.parametrize("dof", [2.1, 2.5, 3.0, 4.0, 5.5, 8.0, 30.0, 500.0])
def test_student_scale_against_scipy(dof: float) -> None:
    z = np.linspace(-6.76, 6.76, 2001)
    low, high = special.gammaincinv(dof / 2, special.ndtr(z)), special.gammainccinv(dof / 2, special.ndtr(-z))
    exact = np.sqrt((dof - 2.0) / (2.0 * np.where(z < 0, low, high)))
    with jax.enable_x64(True):
        ours = np.asarray(common_scale(jnp.asarray(scale_coefficients(dof)), jnp.asarray(z)))
    assert np.abs(ours / exact - 1.0).max() < (1e-6 if dof <= 3 else 1e-7)
    single = np.asarray(common_scale(jnp.asarray(scale_coefficients(dof), jnp.float32), jnp.asarray(z, jnp.float32)))
    assert np.abs(single / exact - 1.0).max() < 2e-5


def test_student_scale_needs_a_variance() -> None:
    with pytest.raises(ValueError, match="dof > 2"):
        scale_coefficients(2.0)
    assert Z_RANGE > 6.764
