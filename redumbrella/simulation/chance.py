"""Chance without a state: a number is a function of the seed, its purpose and what it is about.

So the same seed gives the same world whatever the order of computing, and two policies in the same
world meet the same people with the same luck: differences between them are those of decisions.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

Floats = NDArray[np.float64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def uniform(seed: int, purpose: str, *about: ArrayLike) -> Floats:
    """Numbers in (0, 1), one for each element of `about` (whole numbers, broadcast).

    SplitMix64 (Steele, Lea, Flood 2014, Fast splittable pseudorandom number generators, figure 13)
    over the keys, one after the other.
    """
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
    state: NDArray[np.uint64] = np.array([int.from_bytes(digest, "little")], np.uint64)
    for key in about:
        whole = np.atleast_1d(np.asarray(key)).astype(np.int64).view(np.uint64)
        state = _mixed(state + _GOLDEN * (whole + np.uint64(1)))
    return np.asarray(((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def normal(seed: int, purpose: str, *about: ArrayLike) -> Floats:
    """Standard normal numbers, one for each element of `about`."""
    return np.asarray(ndtri(uniform(seed, purpose, *about)))


def gamma(seed: int, purpose: str, shape: float, *about: ArrayLike) -> Floats:
    """Gamma numbers of this shape and mean 1, one for each element of `about`."""
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(shape, uniform(seed, purpose, *about)) / shape)


def beta(seed: int, purpose: str, a: float, b: float, *about: ArrayLike) -> Floats:
    """Beta numbers, one for each element of `about`."""
    from scipy.special import betaincinv

    return np.asarray(betaincinv(a, b, uniform(seed, purpose, *about)))


def poisson(seed: int, purpose: str, means: Floats, day: int) -> NDArray[np.int64]:
    """Counts with these means (n,), for one day."""
    from scipy.special import pdtrik

    mean = np.maximum(means, 1e-12)
    drawn = uniform(seed, purpose, np.arange(mean.size), day)
    return np.asarray(np.maximum(np.ceil(pdtrik(drawn, mean)), 0.0), np.int64)


def pick(cumulative: Floats, drawn: Floats) -> NDArray[np.int64]:
    """Positions in rows of cumulative shares (n, k), or in one row (k,), for draws (n,)."""
    if cumulative.ndim == 1:
        found = np.searchsorted(cumulative, drawn, side="right")
        return np.minimum(found, cumulative.size - 1).astype(np.int64)
    past = (cumulative <= drawn[:, None]).sum(axis=1)
    return np.asarray(np.minimum(past, cumulative.shape[1] - 1), np.int64)


def shares(weights: Floats) -> Floats:
    """Weights (…, k) as cumulative shares along the last axis."""
    cumulative = np.cumsum(weights, axis=-1)
    return np.asarray(cumulative / cumulative[..., -1:])


def chance_of(log_odds: Any) -> Floats:
    """Log-odds as probabilities."""
    return np.asarray(expit(log_odds), np.float64)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
