"""The states of many arc-eager parses that advance in step, as arrays with one row a text.

The moves are those of spaCy's arc-eager parser, with unshifting (Honnibal & Johnson 2015): S shift, D reduce (or put
back on the buffer what has no head), L and R arcs to the left and right, B begin a sentence after the next token.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BREAK", "FEATURES", "LEFT", "MOVES", "REDUCE", "RIGHT", "SHIFT", "ParserStates"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SHIFT, REDUCE, LEFT, RIGHT, BREAK = range(5)
MOVES: Final = "SDLRB"
FEATURES: Final = 8
"""Tokens of a state that the network reads: the next two, the upper three of the stack, and three of their children."""


class ParserStates:
    """Parses of texts whose tokens are `begins[i]:ends[i]`; rows of finished texts are dropped.

    -1 stands for no token everywhere: arrays over tokens have one cell more, whose value is that of no token.
    `heads` and `relations` (tokens + 1,) fill up as arcs are added; a token without an arc keeps -1.
    """

    def __init__(self, begins: Ints, ends: Ints) -> None:
        texts, tokens = len(begins), int(ends[-1])
        room = int((ends - begins).max()) + 5
        self._stacks = np.full(texts * room, -1)  # three cells of -1, then the stack
        self._returned = np.full(texts * room, -1)  # what was put back on the buffer, the next token last
        self._floor = np.arange(texts) * room + 2
        self._top, self._back = self._floor.copy(), self._floor.copy()
        self._ahead, self._end = begins.copy(), ends.copy()
        self.heads, self._left, self._right, self._before = (np.full(tokens + 1, -1) for _ in range(4))
        self.relations = np.zeros(tokens + 1, dtype=np.int64)
        self._opened = np.zeros(tokens + 1, dtype=bool)  # a sentence begins here
        self._shiftable = np.ones(tokens + 1, dtype=bool)
        self._look()

    def __len__(self) -> int:
        return len(self._top)

    def _look(self) -> None:
        """Find the next two tokens and the top of the stack of each text."""
        self._some = self._back > self._floor
        rest = self._end - self._ahead
        following = np.where(rest > 0, self._ahead, -1)
        self._b0 = np.where(self._some, self._returned[self._back], following)
        self._b1 = np.where(self._some, following, np.where(rest > 1, self._ahead + 1, -1))
        twice = self._back - self._floor > 1
        if twice.any():
            self._b1[twice] = self._returned[self._back[twice] - 1]
        self._s0 = self._stacks[self._top]

    def read(self, out: Ints) -> None:
        """Write the tokens that the network reads to `out` (texts, `FEATURES`)."""
        out[:, 0], out[:, 1], out[:, 2] = self._b0, self._b1, self._s0
        out[:, 3], out[:, 4] = self._stacks[self._top - 1], self._stacks[self._top - 2]
        out[:, 5], out[:, 6], out[:, 7] = self._left[self._b0], self._left[self._s0], self._right[self._s0]

    def allowed(self) -> Ints:
        """Which moves are open to each text: 8 something is on the stack, 4 arcs, 2 shifting, 1 a new sentence."""
        waiting, more = self._b0 >= 0, self._b1 >= 0
        free = ~self._opened[self._b0]
        code: Ints = 8 * (self._top > self._floor) + 4 * (free & waiting)
        code += 2 * (more & free & self._shiftable[self._b0])
        code += more & (self._b1 == self._b0 + 1) & ~self._opened[self._b1]
        return code

    def apply(self, moves: Ints, relations: Ints) -> None:
        """Make one move in each text; then drop the texts that are done."""
        left, right, reduce = moves == LEFT, moves == RIGHT, moves == REDUCE
        unshift = reduce & (self.heads[self._s0] < 0) & (self._top - self._floor > 1)
        self._add_left(left, relations[left])
        self._add_right(right, relations[right])
        self._opened[self._b1[moves == BREAK]] = True
        push = right | (moves == SHIFT)
        self._back -= push & self._some
        self._ahead += push & ~self._some
        self._top += push
        self._stacks[self._top[push]] = self._b0[push]
        if unshift.any():
            self._back += unshift
            self._returned[self._back[unshift]] = self._s0[unshift]
            self._shiftable[self._s0[unshift]] = False
        self._top -= reduce | left
        going = (self._top > self._floor) | (self._end > self._ahead) | (self._back > self._floor)
        if not going.all():
            self._top, self._floor, self._back = self._top[going], self._floor[going], self._back[going]
            self._ahead, self._end = self._ahead[going], self._end[going]
        self._look()

    def _add_left(self, chosen: Bools, relations: Ints) -> None:
        """Arcs from the next token to the top of the stack; one takes the place of an arc to the right, if there is
        one, which then is the last of its head."""
        child, head = self._s0[chosen], self._b0[chosen]
        old = self.heads[child]
        lost = old >= 0
        if lost.any():
            self._right[old[lost]] = self._before[child[lost]]
        self.heads[child], self.relations[child], self._left[head] = head, relations, child
        self._shiftable[head] = True

    def _add_right(self, chosen: Bools, relations: Ints) -> None:
        """Arcs from the top of the stack to the next token."""
        child, head = self._b0[chosen], self._s0[chosen]
        self.heads[child], self.relations[child] = head, relations
        self._before[child] = self._right[head]
        self._right[head] = child
