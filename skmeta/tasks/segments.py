"""Which rows an episode has: windows at random places of the shuffled rows of a task, or of a class."""

import torch


class Segments:
    """Where each task's rows - or each class's, where tasks have classes of their own - lie in a sorted order."""

    def __init__(self, store):
        task = torch.repeat_interleave(torch.arange(len(store), device=store.device), store.n_rows)
        self.per_class = store.is_classification and not store.shared_labels
        width = store.max_classes if self.per_class else 1
        self.of_row = task * width + store.y if self.per_class else task
        labelled = ~store.y.isnan().any(1) if store.y.is_floating_point() else store.y >= 0
        self.rows = torch.arange(len(task), device=store.device)[labelled]
        self.of_row = self.of_row[labelled]
        count = torch.bincount(self.of_row, minlength=len(store) * width)
        # a segment without rows begins at one that is there
        self.start = (count.cumsum(0) - count).clamp(max=max(len(self.rows) - 1, 0)).view(len(store), width)
        self.count = count.view(len(store), width)
        self.fewest = int(self.count[self.count > 0].min()) if self.count.numel() else 0
        self.all_full = bool((self.count > 0).all())
        self.order = self.rows

    def can_fall_short(self, n_shots, n_query):
        """Whether some episode may lack rows, so that padding must be marked."""
        varies = n_shots[0] != n_shots[1]
        return varies or not self.all_full or self.fewest < 2 * n_shots[1]

    def shuffle(self, dice):
        random = dice.permutation(len(self.rows))
        self.order = self.rows[random[self.of_row[random].argsort(stable=True)]]

    def windows(self, start, count, shots, query, most_shots, most_query, numbers):
        """Support and query rows of each segment: two neighbouring windows, cyclic, where random numbers say."""
        offset = (numbers * count).long()
        step = torch.arange(most_shots + most_query, device=start.device)
        is_query = step >= most_shots
        place = step + (shots - most_shots)[..., None] * is_query
        is_row = place < torch.where(is_query, (shots + query)[..., None], shots[..., None])
        place = (place + offset[..., None]) % count.clamp(min=1)[..., None]
        rows = self.order[place + start[..., None]]
        sizes = [most_shots, most_query]
        return zip(rows.split(sizes, -1), is_row.split(sizes, -1))


class Dice:
    """Random numbers on a device: from a seed of one's own, a generator, or torch's global one."""

    def __init__(self, device, seed, generator=None):
        self.device, self.generator = device, generator
        if seed is not None:
            self.generator = torch.Generator(device=device).manual_seed(seed)

    def uniform(self, shape):
        return torch.rand(shape, device=self.device, generator=self.generator)

    def permutation(self, n):
        return torch.randperm(n, device=self.device, generator=self.generator)


def integers(numbers, low, high):
    """Integers from low to high, by random numbers from 0 to 1."""
    return torch.full_like(numbers, low, dtype=torch.long) if low == high else (numbers * (high - low + 1)).long() + low
