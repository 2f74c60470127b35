"""Training of a small multilayer perceptron on sparse inputs: Adam on the log loss, early stop.

In: X (n, m), outcomes, weights. Out: layers as (weights, biases), rectified between them, whose
output is the log-odds of winning. Promise: the layers returned are those of the round with the
lowest log loss on a held-out tenth, and the same data and seed give the same layers. Rows that
belong together, the stages of one lead, stand beside each other: then what is held out are runs of
neighbours, since a network that has seen other stages of a lead knows its outcome by heart.
"""

from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.models.base import Vector, base_log_odds

Single = NDArray[np.float32]
Layers = list[tuple[Vector, Vector]]

HIDDEN = (32, 16)
LEARNING_RATE = 2e-3
DECAY = (0.9, 0.999)  # of the moments of the gradient, Kingma and Ba (2015)
BATCH, LARGE_BATCH = 256, 512
LARGE_ROWS = 15_000
LEAST_STEPS = 10  # from one look at the held-out stages to the next
MOST_PASSES = 30  # through all rows
PATIENCE = 4
SHARE_HELD_OUT = 0.1
RUNS = 100  # of neighbouring rows, of which some are held out
ALONE = 0.999  # leads per row from which on no lead has several rows
LEAST_GAIN = 1e-5
LEAST_ROWS_TO_HOLD_OUT = 20


def train_network(X: sp.csr_matrix, won: Vector, weight: Vector, seed: int) -> Layers:
    """Layers that tell won from lost leads. won: (n,) 0 or 1; weight: (n,) > 0, 1 for a lead.

    Where rows weigh less than 1 they are stages, or old: several count as one lead.
    """
    rng = np.random.default_rng(seed)
    leads_per_row = min(1.0, float(weight.sum()) / X.shape[0])
    alone = leads_per_row > ALONE
    rows, held = _held_out(X.shape[0], alone, rng)
    # Single precision is enough for a network and takes half the time.
    X, y = X.astype(np.float32), won.astype(np.float32)
    w = (weight / weight.mean()).astype(np.float32)
    judged = (X[rows[:held]], y[rows[:held]], w[rows[:held]])
    network = _Network(X, base_log_odds(won, weight), rng)
    batch = BATCH if rows.size < LARGE_ROWS else LARGE_BATCH
    best, kept, failed = np.inf, network.copy(), 0
    # A round sees as many rows as there are leads: a lead with many stages teaches fast.
    taught = rows.size - held
    steps = max(1 if alone else LEAST_STEPS, ceil(leads_per_row * taught / batch))
    order = rows[:0]
    for _ in range(ceil(MOST_PASSES * ceil(taught / batch) / steps)):
        for _ in range(steps):
            if not order.size:
                order = rng.permutation(rows[held:])
            part, order = order[:batch], order[batch:]
            network.learn(X[part], y[part], w[part])
        loss = _log_loss(network.output(judged[0]), *judged[1:]) if held else 0.0
        if loss < best - LEAST_GAIN:
            best, kept, failed = loss, network.copy(), 0
        else:
            failed += 1
        if failed == PATIENCE:
            break
    layers = kept if held else network.copy()
    return [(a.astype(np.float64), b.astype(np.float64)) for a, b in layers]


def _held_out(n: int, alone: bool, rng: np.random.Generator) -> tuple[NDArray[np.intp], int]:
    """All rows, those to hold out first, and how many these are. alone: each row is a lead."""
    if n < LEAST_ROWS_TO_HOLD_OUT:
        return rng.permutation(n), 0
    runs = n if alone else min(RUNS, n)
    run = np.arange(n) * runs // n
    place = np.argsort(rng.permutation(runs))[run]
    return np.argsort(place, kind="stable"), int((place < int(SHARE_HELD_OUT * runs)).sum())


def _log_loss(z: Single, won: Single, weight: Single) -> float:
    return float(weight @ (np.logaddexp(np.float32(0.0), z) - won * z)) / float(weight.sum())


class _Network:
    """Layers with the running moments of their gradients."""

    def __init__(self, X: sp.csr_matrix, start: float, rng: np.random.Generator) -> None:
        """Weights by the number of inputs that are not zero; the output begins near `start`."""
        sizes = (X.shape[1], *HIDDEN, 1)
        usual = max(1.0, X.nnz / max(X.shape[0], 1))
        scales = [0.7 / np.sqrt(usual)]
        scales += [np.sqrt(2.0 / (a + b)) for a, b in pairwise(sizes[1:])]
        scales[-1] *= 0.3
        self.layers: list[list[Single]] = [
            [rng.normal(0.0, scale, (a, b)).astype(np.float32), np.zeros(b, np.float32)]
            for scale, a, b in zip(scales, sizes[:-1], sizes[1:], strict=True)
        ]
        self.layers[-1][1][:] = start
        self.means = [[np.zeros_like(part) for part in layer] for layer in self.layers]
        self.squares = [[np.zeros_like(part) for part in layer] for layer in self.layers]
        self.steps = 0

    def copy(self) -> list[tuple[Single, Single]]:
        """The layers as they are now."""
        return [(weights.copy(), biases.copy()) for weights, biases in self.layers]

    def output(self, X: sp.csr_matrix) -> Single:
        """Log-odds, (n,)."""
        return np.asarray(self._signals(X)[-1].ravel(), np.float32)

    def learn(self, X: sp.csr_matrix, won: Single, weight: Single) -> None:
        """One step of Adam down the gradient of the mean log loss of a batch."""
        signals = self._signals(X)
        z = signals[-1].ravel()
        slope = weight * (np.float32(0.5) * (1 + np.tanh(np.float32(0.5) * z)) - won) / won.size
        back = slope[:, None].astype(np.float32)
        self.steps += 1
        rate = LEARNING_RATE * np.sqrt(1 - DECAY[1] ** self.steps) / (1 - DECAY[0] ** self.steps)
        for depth in range(len(self.layers) - 1, -1, -1):
            gradients = (np.asarray(signals[depth].T @ back), back.sum(axis=0))
            if depth:
                back = (back @ self.layers[depth][0].T) * (signals[depth] > 0)
            for kind, gradient in enumerate(gradients):
                self._step(depth, kind, gradient, np.float32(rate))

    def _step(self, depth: int, kind: int, gradient: Single, rate: np.float32) -> None:
        mean, square = self.means[depth][kind], self.squares[depth][kind]
        mean += np.float32(1 - DECAY[0]) * (gradient - mean)
        square += np.float32(1 - DECAY[1]) * (gradient * gradient - square)
        self.layers[depth][kind] -= rate * mean / (np.sqrt(square) + np.float32(1e-8))

    def _signals(self, X: sp.csr_matrix) -> list[Any]:
        """The input, and what each layer passes on."""
        signals: list[Any] = [X]
        for depth, (weights, biases) in enumerate(self.layers):
            signal = np.asarray(signals[-1] @ weights) + biases
            signals.append(signal if depth == len(self.layers) - 1 else np.maximum(signal, 0))
        return signals
