"""A small neural network: two hidden layers of rectified units on the encoded features.

Networks with different seeds are averaged (models.perceptron). Each input is first scaled by the
standard deviation that a logistic model expects of its coefficient (models.ridge): a network that
begins with small weights learns large inputs first, so fields that say little hardly disturb it.
A network has no exact decomposition, so its contributions are Shapley values sampled over orders
of the features (Castro, Gomez and Tejada 2009): noisy feature by feature, but their sum is exactly
the score.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Contributions, Family, Parts, Vector, base_log_odds
from redumbrella.models.families.perceptron import HIDDEN, Layers, train_network
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding
from redumbrella.models.linear.fields import fit_fields

SEEDS = (0, 1)
ONE_SEED_FROM = 15_000  # with so many leads a second network hardly steadies the first
MAX_ROWS = 40_000  # the most recent leads; more of them cost time and change little
ORDERS = 6
LEAST_VARIANCE, MOST_VARIANCE = 1e-4, 1.0


@dataclass
class Neural(Family):
    """Networks as lists of (weights, biases), averaged on the log-odds scale.

    variance: of each encoded column's coefficient, as in `Logistic`; None: it is estimated.
    """

    seeds: tuple[int, ...] = SEEDS
    variance: Vector | None = None
    features: tuple[Feature, ...] = ()
    start: float = 0.0
    networks: list[Layers] = field(default_factory=list)
    usual: Vector = field(default_factory=lambda: np.empty(0))
    encoding: Encoding | None = None

    name: ClassVar[str] = "neural"
    label: ClassVar[str] = "Neural network"
    complexity: ClassVar[int] = 8

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Trains on the most recent leads; what scales the inputs is learned from all of them."""
        if self.variance is None and 0 < won.sum() < won.size:
            self.variance = fit_fields(design, won, weight).variance_without_knots
        recent = slice(max(0, design.rows - MAX_ROWS), None)
        design, won, weight = design.take(recent), won[recent], weight[recent]
        self.features = design.features
        self.start = base_log_odds(won, weight)
        self.encoding = fit_encoding(design)
        X = self.encoding.transform(design)
        self.usual = np.asarray(weight @ X).ravel() / weight.sum()
        self.networks = []
        if self.variance is not None and 1 < won.sum() < won.size - 1 and X.shape[1]:
            scale = np.sqrt(np.clip(self.variance, LEAST_VARIANCE, MOST_VARIANCE))
            scale /= np.sqrt(np.mean(scale**2))
            seeds = self.seeds if won.size < ONE_SEED_FROM else self.seeds[:1]
            scaled = X @ sp.diags(scale)
            networks = [train_network(scaled, won, weight, seed) for seed in seeds]
            # The scale goes into the first layer: from here on inputs are the encoded values.
            self.networks = [
                [(scale[:, None] * weights, biases), *above]
                for (weights, biases), *above in networks
            ]
        return self

    def quick(self) -> "Neural":
        """One network, with the same scale of its inputs."""
        return Neural(seeds=SEEDS[:1], variance=self.variance)

    def log_odds(self, design: Design) -> Vector:
        """Mean of the networks' outputs."""
        assert self.encoding is not None
        return self._output(self.encoding.transform(design))

    def contributions(self, design: Design) -> Contributions:
        """Sampled Shapley values against the usual lead: one feature after the other is
        switched from usual to the lead's own value, in several orders and their reverses.
        """
        assert self.encoding is not None
        values = np.zeros((design.rows, len(self.features)))
        base = float(self._output(self.usual[None, :])[0])
        X = self.encoding.transform(design).tocsc()
        for network in self.networks:
            values += self._switched(network, X) / len(self.networks)
        return Contributions(base, values)

    def _switched(self, network: Layers, X: sp.csc_matrix) -> Vector:
        """Shapley values of one network. A feature acts on the first layer by a sum, so switching
        it adds its own step there, and only the small layers above are computed again.
        """
        assert self.encoding is not None
        (weights, biases), above = network[0], network[1:]
        owner, usual = self.encoding.owner, self.usual
        steps = []
        for feature in range(len(self.features)):
            columns = np.flatnonzero(owner == feature)
            steps.append(X[:, columns] @ weights[columns] - usual[columns] @ weights[columns])
        values = np.zeros((X.shape[0], len(self.features)))
        rng = np.random.default_rng(0)
        forward = [rng.permutation(len(self.features)) for _ in range(ORDERS // 2)]
        for order in [way for one in forward for way in (one, one[::-1])]:
            signal = np.tile(usual @ weights + biases, (X.shape[0], 1))
            before = _forward(above, np.maximum(signal, 0.0))
            for feature in order:
                signal += steps[feature]
                after = _forward(above, np.maximum(signal, 0.0))
                values[:, feature] += (after - before) / ORDERS
                before = after
        return values

    def to_parts(self) -> Parts:
        """Weights and biases of each layer, and the encoding."""
        assert self.encoding is not None
        arrays: dict[str, NDArray[np.float64]] = {"usual": self.usual}
        for n, network in enumerate(self.networks):
            for depth, (weights, biases) in enumerate(network):
                arrays[f"weights.{n}.{depth}"], arrays[f"biases.{n}.{depth}"] = weights, biases
        facts = {
            "start": self.start,
            "networks": len(self.networks),
            "layers": len(HIDDEN) + 1,
        }
        return Parts(facts, arrays | self.encoding.to_parts().arrays)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described."""
        a = parts.arrays
        networks = [
            [(a[f"weights.{n}.{d}"], a[f"biases.{n}.{d}"]) for d in range(parts.facts["layers"])]
            for n in range(parts.facts["networks"])
        ]
        encoding = encoding_from(features, parts)
        return cls(
            features=features,
            start=parts.facts["start"],
            networks=networks,
            usual=a["usual"],
            encoding=encoding,
        )

    def _output(self, X: Vector | sp.csr_matrix) -> Vector:
        if not self.networks:
            return np.full(X.shape[0], self.start)
        return np.asarray(np.mean([_forward(network, X) for network in self.networks], axis=0))


def _forward(network: Layers, X: Vector | sp.csr_matrix) -> Vector:
    signal = X
    for weights, biases in network[:-1]:
        signal = np.maximum(signal @ weights + biases, 0.0)
    weights, biases = network[-1]
    return np.asarray(signal @ weights + biases).ravel()
