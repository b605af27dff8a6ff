"""Which clause of an old text became which of a new one: by their words, and by the place in which they stand."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies_kb.likeness import CONTAINS, left_over, paired, plain_words, taken_over
from policies_kb.model import Clause


@dataclass(frozen=True)
class Pair:
    """Places of two clauses that are one. is_part: the old one was split, or the new one merged of several."""

    old: int
    new: int
    is_part: bool = False


def pairs_of(old: Sequence[Clause], new: Sequence[Clause]) -> list[Pair]:
    """Clauses with the same text, then the likest of the rest, then parts of those that were split or merged."""
    places = {clause.id: place for place, clause in enumerate(new)}
    same = [Pair(place, places[clause.id]) for place, clause in enumerate(old) if clause.id in places]
    old_rest = _without(range(len(old)), {pair.old for pair in same})
    new_rest = _without(range(len(new)), {pair.new for pair in same})
    like = paired(
        [old[place] for place in old_rest],
        [new[place] for place in new_rest],
        _neighbours(same, old_rest, new_rest, (len(old), len(new)))
        | _alone_in_section([old[place] for place in old_rest], [new[place] for place in new_rest]),
    )
    reworded = [Pair(old_rest[row], new_rest[column]) for row, column in like.items()]
    return sorted(same + _with_parts(old, new, reworded, (old_rest, new_rest)), key=lambda pair: (pair.new, pair.old))


def _without(places: Sequence[int], taken: set[int]) -> list[int]:
    return [place for place in places if place not in taken]


def _neighbours(
    same: list[Pair], old_rest: list[int], new_rest: list[int], lengths: tuple[int, int]
) -> set[tuple[int, int]]:
    """Rows and columns of the rest that stand in the same place of gaps that are equally long in both texts."""
    stay = [same[place] for place in longest_run([(pair.new, pair.old) for pair in same])]
    row_of = {place: row for row, place in enumerate(old_rest)}
    column_of = {place: column for column, place in enumerate(new_rest)}
    found: set[tuple[int, int]] = set()
    last_old = last_new = -1
    for old_end, new_end in [*((pair.old, pair.new) for pair in stay), lengths]:
        rows = [row_of[place] for place in range(last_old + 1, old_end) if place in row_of]
        columns = [column_of[place] for place in range(last_new + 1, new_end) if place in column_of]
        if len(rows) == len(columns):
            found.update(zip(rows, columns))
        last_old, last_new = old_end, new_end
    return found


def _alone_in_section(old: Sequence[Clause], new: Sequence[Clause]) -> set[tuple[int, int]]:
    """Rows and columns of the rest that are the only ones of a section that both texts have."""
    rows, columns = ({path: _places(path, side) for path in {one.path for one in side}} for side in (old, new))
    both = [path for path in rows if path and len(rows[path]) == len(columns.get(path, ())) == 1]
    return {(rows[path][0], columns[path][0]) for path in both}


def _places(path: tuple[str, ...], clauses: Sequence[Clause]) -> list[int]:
    return [place for place, clause in enumerate(clauses) if clause.path == path]


def longest_run(keys: Sequence[tuple[int, int]]) -> list[int]:
    """Places of the longest rising run among keys that are all different: what stands there has not moved."""
    ends: list[tuple[int, int]] = []  # the smallest last key of a run of each length
    places: list[int] = []
    before: list[int] = []
    for place, key in enumerate(keys):
        length = bisect_left(ends, key)
        ends[length : length + 1] = [key]
        places[length : length + 1] = [place]
        before.append(places[length - 1] if length else -1)
    run = []
    at = places[-1] if places else -1
    while at >= 0:
        run.append(at)
        at = before[at]
    return run[::-1]


def _with_parts(
    old: Sequence[Clause], new: Sequence[Clause], reworded: list[Pair], rest: tuple[list[int], list[int]]
) -> list[Pair]:
    """The reworded pairs, and with each the new clauses that took over what it lost, or old ones that it took in."""
    added = _without(rest[1], {pair.new for pair in reworded})
    removed = _without(rest[0], {pair.old for pair in reworded})
    old_words = {place: plain_words(old[place].text) for place in rest[0]}
    new_words = {place: plain_words(new[place].text) for place in rest[1]}
    found: list[Pair] = []
    for pair in reworded:
        lost = left_over(old_words[pair.old], new_words[pair.new])
        gained = left_over(new_words[pair.new], old_words[pair.old])
        parts = [Pair(pair.old, place) for place in added if taken_over(new_words[place], lost) >= CONTAINS]
        parts += [Pair(place, pair.new) for place in removed if taken_over(old_words[place], gained) >= CONTAINS]
        added = _without(added, {part.new for part in parts})
        removed = _without(removed, {part.old for part in parts})
        found += [replace(one, is_part=bool(parts)) for one in (pair, *parts)]
    return found


def is_only_regrouped(old: Sequence[Clause], new: Sequence[Clause], pair: Pair, is_first: bool = True) -> bool:
    """Whether a clause was only cut elsewhere: what it lost or took in stands in the clauses beside it.

    is_first: of the parts of a split clause the first one answers for what was lost.
    """
    before, after = plain_words(old[pair.old].text), plain_words(new[pair.new].text)
    lost, gained = left_over(before, after), left_over(after, before)
    if is_first and not _stands_in(lost, _beside(new, pair.new)):
        return False
    return _stands_in(gained, _beside(old, pair.old))


def _beside(clauses: Sequence[Clause], place: int) -> list[list[str]]:
    return [plain_words(clauses[at].text) for at in (place - 1, place + 1) if 0 <= at < len(clauses)]


def _stands_in(words: list[str], texts: list[list[str]]) -> bool:
    return not words or any(taken_over(words, text) == 1 for text in texts)
