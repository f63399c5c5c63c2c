"""Where a task's rows are found: its name, its position, and the group that it is nested in."""

import copy

import numpy as np

from skmeta.tasks.ids import factorize, ids_as_array, refuse_lookalikes


class TaskPlaces:
    """Positions 0, 1, ... of tasks and, of nested ones, of their widest groups; never changed in place.

    The current task is one without a name: rows that come without ids are its.
    """

    def __init__(self):
        self.place, self.group, self.group_of_place = {}, {}, np.zeros(0, dtype=np.int64)
        self.are_nested = False

    def __len__(self):
        return len(self.group_of_place)

    def __getstate__(self):
        # names may be anything, and formats that are not Python's know dictionaries of strings only
        return vars(self) | {name: list(vars(self)[name].items()) for name in ("place", "group")}

    def __setstate__(self, state):
        vars(self).update(state)
        self.place, self.group = (dict(pairs) for pairs in (self.place, self.group))

    @property
    def n_groups(self):
        return len(self.group)

    @property
    def ids(self):
        """Of the tasks that have names."""
        return ids_as_array([name for name in self.place if name is not None])

    @property
    def has_current_task(self):
        return None in self.place

    def opened(self, ids, n_rows):
        """These and whatever tasks are new among the ids, and the place of each row; no ids: of the current task."""
        names, code = _names_and_code(ids, n_rows)
        other = copy.copy(self)
        if not len(self):
            other.are_nested = any(isinstance(name, tuple) for name in names)
        elif self.are_nested and not all(name is None or isinstance(name, tuple) for name in names):
            raise ValueError(f"Tasks of this table are nested groups, named by several columns; got {names[0]!r}.")
        refuse_lookalikes(names, self.place)
        other.place, other.group = dict(self.place), dict(self.group)
        other._open(names)
        return other, np.array([other.place[name] for name in names], dtype=np.int64)[code]

    def with_new_current_task(self):
        """These with an empty current task; where the rows of the one before are, or None, and the new place."""
        other = copy.copy(self)
        other.place = {name: place for name, place in self.place.items() if name is not None}
        other._open([None])
        return other, self.place.get(None), other.place[None]

    def moved(self, position):
        """The same tasks at new positions."""
        other = copy.copy(self)
        other.place = {name: int(position[place]) for name, place in self.place.items()}
        other.group_of_place = np.empty_like(self.group_of_place)
        other.group_of_place[position] = self.group_of_place
        return other

    def _open(self, names):
        groups = []
        for name in names:
            if name not in self.place:
                self.place[name] = len(self) + len(groups)
                is_nested = self.are_nested and name is not None
                groups.append(self.group.setdefault(name[0], len(self.group)) if is_nested else -1)
        self.group_of_place = np.append(self.group_of_place, np.array(groups, dtype=np.int64))

    def found(self, ids, n_rows):
        """The place of each row's task and of its group; -1 where there is none."""
        names, code = _names_and_code(ids, n_rows)
        refuse_lookalikes(names, self.place)
        place = np.array([self.place.get(name, -1) for name in names], dtype=np.int64)
        group = [self.group.get(name[0], -1) if isinstance(name, tuple) else -1 for name in names]
        return place[code], np.array(group, dtype=np.int64)[code]


def _names_and_code(ids, n_rows):
    """Distinct names, and each row's position among them; without ids there is one task, which has no name."""
    return ([None], np.zeros(n_rows, dtype=np.int64)) if ids is None else factorize(ids)
