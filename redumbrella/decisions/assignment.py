"""Who takes which lead: the assignment that is worth most, proven, and what every other would lose.

In: what each lead is worth in the hands of each rep, in whole units (cents), and how many places
each rep has. Out: at most one rep for each lead, no more leads than places, with the largest sum:

    maximise    sum over i, j of  value[i, j] x[i, j]
    subject to  sum over j of x[i, j] <= 1            every lead i goes to one rep at most
                sum over i of x[i, j] <= places[j]    every rep j has so many places
                x[i, j] in {0, 1},  x[i, j] = 0 where value[i, j] <= 0: the rep may not take it.

A contact is planned with the same minutes for all leads, so minutes are places and the program is a
transportation problem, whose linear relaxation has whole solutions (Hoffman & Kruskal 1956). It is
solved by successive shortest paths (Jewell 1958; Busacker & Gowen 1960) on the small graph of reps:
leads come in one after the other, and each may push others from rep to rep where that is worth it.
HiGHS finds the same sum in several times the time (benchmarks/results/assignment.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Whole = NDArray[np.int64]
NOBODY = -1


@dataclass(frozen=True)
class Assignment:
    """n leads in the hands of m reps.

    rep: (n,) who takes each, NOBODY for nobody. loss: (n, m + 1) how much less the whole would be
    worth if that lead had to go to that rep, in the last column to nobody; 0 for who takes it,
    infinite where that is not possible. value: the largest sum. bound: what no assignment can
    exceed, by prices of the places (duality): equal to value, which proves it.
    """

    rep: Whole
    loss: Matrix
    value: int
    bound: int

    @property
    def is_proven(self) -> bool:
        """Whether no other assignment can be worth more."""
        return self.value == self.bound


def assign(value: Whole, places: Whole) -> Assignment:
    """The best assignment of n leads to m reps.

    value: (n, m) in whole units, 0 or less where a rep may not take a lead. places: (m,) >= 0. The
    same input gives the same answer; of equals, earlier reps come first.
    """
    graph = _Reps(value, places)
    for lead in np.argsort(-value.max(axis=1, initial=0), kind="stable").tolist():
        graph.take_in(lead)
    taken = np.flatnonzero(graph.rep != NOBODY)
    total = int(value[taken, graph.rep[taken]].sum())
    apart = graph.distances()
    count = places.size
    # A place is worth what it costs to free one: moving others along until a place is left, or
    # until somebody is left without.
    price = apart[:count, count]
    best = np.maximum((graph.value - price).max(axis=1, initial=0.0), 0.0)
    paid = price[places > 0] @ places[places > 0]
    return Assignment(graph.rep, graph.losses(apart), total, round(best.sum() + paid))


class _Reps:
    """The graph of m reps while leads come in; an arc is the cheapest move of one lead."""

    def __init__(self, value: Whole, places: Whole) -> None:
        self.value: Matrix = np.where(value > 0, value, -np.inf)
        self.rep: Whole = np.full(value.shape[0], NOBODY, np.int64)
        self.room = places.copy()
        count = places.size
        self.members: list[list[int]] = [[] for _ in range(count)]
        # What it costs to hand one lead of the row's rep to the column's, last to nobody; and whom.
        self.cost: Matrix = np.full((count, count + 1), np.inf)
        self.who: Whole = np.zeros((count, count + 1), np.int64)

    def take_in(self, lead: int) -> None:
        """Gives one more lead to a rep, where the whole is worth more with it."""
        count = self.room.size
        reached, before = self._paths(-self.value[lead])
        ends = reached + np.where(self.room > 0, 0.0, self.cost[:, count])
        at = int(ends.argmin()) if count else 0
        if not count or ends[at] >= 0.0:
            return
        touched = {at}
        if self.room[at] > 0:
            self.room[at] -= 1
        else:
            self._move(int(self.who[at, count]), at, NOBODY)
        while before[at] != NOBODY:
            source = int(before[at])
            self._move(int(self.who[source, at]), source, at)
            at = source
            touched.add(at)
        self._move(lead, NOBODY, at)
        for one in touched:
            self._find_moves(one)

    def _paths(self, start: Matrix) -> tuple[Matrix, Whole]:
        """The cheapest way to each rep and the rep before it (Bellman 1958; no cycle gains)."""
        reached, count = start.copy(), start.size
        before = np.full(count, NOBODY, np.int64)
        columns = np.arange(count)
        while count:
            ways = reached[:, np.newaxis] + self.cost[:, :count]
            source = ways.argmin(axis=0)
            better = ways[source, columns] < reached
            if not better.any():
                break
            reached[better] = ways[source, columns][better]
            before[better] = source[better]
        return reached, before

    def _move(self, lead: int, source: int, target: int) -> None:
        if source != NOBODY:
            self.members[source].remove(lead)
        if target != NOBODY:
            self.members[target].append(lead)
        self.rep[lead] = target

    def _find_moves(self, rep: int) -> None:
        """The cheapest move of one lead of a rep to every other, and to nobody."""
        own = np.array(self.members[rep], np.int64)
        count = self.room.size
        self.cost[rep] = np.inf
        if not own.size:
            return
        kept = self.value[own, rep]
        lost = np.column_stack([kept[:, np.newaxis] - self.value[own], kept])
        first = lost.argmin(axis=0)
        self.cost[rep] = lost[first, np.arange(count + 1)]
        self.who[rep] = own[first]
        self.cost[rep, rep] = np.inf

    def distances(self) -> Matrix:
        """(m + 1, m + 1) the least that it costs to fill a place of the row's rep by freeing one of
        the column's. The last is nobody: leads that no rep takes, and places that are free.
        """
        count = self.room.size
        apart = np.full((count + 1, count + 1), np.inf)
        apart[:count] = self.cost
        apart[:count, count] = np.where(self.room > 0, 0.0, self.cost[:, count])
        waiting = self.value[self.rep == NOBODY].max(axis=0, initial=-np.inf)
        used = np.array([bool(own) for own in self.members], np.bool_)
        apart[count, :count] = np.where(used, np.minimum(0.0, -waiting), -waiting)
        np.fill_diagonal(apart, 0.0)
        for via in range(count + 1):  # Floyd 1962
            apart = np.minimum(apart, apart[:, via, np.newaxis] + apart[via])
        return apart

    def losses(self, apart: Matrix) -> Matrix:
        """(n, m + 1) what it costs to force each lead to each rep, or to nobody.

        A lead that goes elsewhere pushes others along the cheapest way that ends where it left.
        """
        count = self.room.size
        left = np.where(self.rep == NOBODY, count, self.rep)
        worth = np.column_stack([self.value, np.zeros(left.size)])
        each = np.arange(left.size)
        with np.errstate(invalid="ignore"):
            way_back = apart[:, left].T
            lost = worth[each, left][:, np.newaxis] - worth + way_back
        lost[~np.isfinite(worth)] = np.inf
        lost[each, left] = 0.0
        return lost
