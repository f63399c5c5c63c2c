"""The episode sampler: what a batch holds, for each of the three kinds of episode."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmeta.tasks import EpisodeLoader, TaskSet, episodes
from skmeta.tasks.episodes import Parts
from skmeta.tasks.store import TaskStore, is_answered


def n_way_store(counts, **settings):
    """Tasks with classes of their own: ``counts[t][c]`` rows of class c in task t; the cell of a row is its number."""
    y = np.concatenate([np.repeat(np.arange(len(c)), c) for c in counts])
    n_rows = [sum(c) for c in counts]
    return TaskStore(
        torch.arange(float(len(y)))[:, None], y, n_rows, [-1] * len(counts), n_classes=[len(c) for c in counts],
        **settings,
    )  # fmt: skip


def regression_store(n_rows):
    total = sum(n_rows)
    return TaskStore(
        torch.arange(float(total))[:, None], torch.arange(float(total))[:, None], n_rows, [-1] * len(n_rows)
    )


def seeded_batches(store, seed=0, **settings):
    torch.manual_seed(seed)
    return list(EpisodeLoader(store, **settings))


def support_rows(batch, t):
    kept = batch.get("support_weight", torch.ones(batch["support_X"].shape[:2]))[t] > 0
    return batch["support_X"][t, kept, 0].long(), batch["support_y"][t, kept]


def query_rows(batch, y, t):
    y = y.view(len(batch["query_X"]), -1)
    return batch["query_X"][t, y[t] >= 0, 0].long(), y[t][y[t] >= 0]


counts = st.lists(st.lists(st.integers(1, 7), min_size=2, max_size=4), min_size=1, max_size=5)


@settings(max_examples=60)
@given(counts, st.integers(1, 4), st.integers(1, 4), st.sampled_from([None, 2, 3]), st.integers(0, 1000))
def test_n_way_episodes_hold_what_they_say(counts, n_shots, n_query, n_ways, seed):
    store = n_way_store(counts)
    task_of = np.repeat(np.arange(len(counts)), [sum(c) for c in counts])
    y_of = store.y.numpy()
    for batch, y in seeded_batches(store, seed, batch_size=3, n_ways=n_ways, n_shots=n_shots, n_query=n_query, steps=2):
        ways = min(n_ways or 20, max(map(len, counts)))
        assert batch["class_mask"].shape == (3, ways)
        for t in range(3):
            shown, codes = support_rows(batch, t)
            asked, answers = query_rows(batch, y, t)
            assert not set(shown.tolist()) & set(asked.tolist())
            assert len(set(asked.tolist())) == len(asked)
            rows, codes = np.concatenate([shown, asked]), np.concatenate([codes, answers])
            assert len(set(task_of[rows])) == 1
            # codes and classes are paired one to one
            pairs = set(zip(codes.tolist(), y_of[rows].tolist()))
            assert len({code for code, _ in pairs}) == len({label for _, label in pairs}) == len(pairs)
            assert set(np.flatnonzero(batch["class_mask"][t])) == {code for code, _ in pairs}
            own = counts[task_of[rows[0]]]
            for code, label in pairs:
                expected = min(n_shots, max(own[label] // 2, 1))
                assert (codes[: len(shown)] == code).sum() == expected
                assert (codes[len(shown) :] == code).sum() == min(n_query, own[label] - expected)


def test_labels_change_place_from_episode_to_episode():
    store = n_way_store([[6, 6, 6]])
    places = {tuple(batch["support_X"][0, :: 2, 0].long().floor_divide(6).tolist())
              for batch, _ in seeded_batches(store, batch_size=1, n_shots=2, n_query=1, steps=60)}  # fmt: skip
    assert len(places) == 6  # all orders of three classes


def test_without_relabelling_codes_are_the_tasks_own():
    store = n_way_store([[6, 6, 6, 6]])
    for batch, _ in seeded_batches(store, batch_size=2, n_ways=2, n_shots=2, n_query=2, steps=5, relabel=False):
        assert batch["class_mask"].all()
        for t in range(2):
            rows, codes = support_rows(batch, t)
            np.testing.assert_array_equal(codes, rows // 6)


def test_shots_and_queries_may_be_ranges():
    store = n_way_store([[20, 20]] * 4)
    shots, queries = set(), set()
    for batch, y in seeded_batches(store, batch_size=4, n_shots=(1, 3), n_query=(2, 4), steps=40):
        for t in range(4):
            shots.add(len(support_rows(batch, t)[0]))
            queries.add(len(query_rows(batch, y, t)[0]))
    assert shots == {2, 4, 6}
    assert queries == {4, 6, 8}


@pytest.mark.parametrize("size", [(3, 1), -1, (-1, 2)])
def test_sizes_that_make_no_sense_are_refused(size):
    with pytest.raises(ValueError, match="Sizes must be non-negative"):
        EpisodeLoader(n_way_store([[4, 4]]), n_shots=size)


def test_every_row_is_as_likely_shown_as_any_other():
    store = n_way_store([[5, 7]])
    count = torch.zeros(12)
    for batch, _ in seeded_batches(store, batch_size=50, n_shots=1, n_query=1, steps=80):
        count += torch.bincount(batch["support_X"].flatten().long(), minlength=12)
    # 4000 episodes: a row of the class of 5 is shown 800 times give or take 25, of the class of 7 571 give or take 22;
    # rows of one batch share their order, which widens this, so allow six of these
    assert (count[:5] - 800).abs().max() < 150
    assert (count[5:] - 571).abs().max() < 132


@settings(max_examples=40)
@given(st.lists(st.integers(2, 12), min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def test_regression_episodes_hold_what_they_say(n_rows, n_shots, n_query, seed):
    store = regression_store(n_rows)
    task_of = np.repeat(np.arange(len(n_rows)), n_rows)
    for batch, y in seeded_batches(store, seed, batch_size=3, n_shots=n_shots, n_query=n_query, steps=2):
        y = y.view(3, -1)
        for t in range(3):
            kept = batch["support_weight"][t] > 0
            shown = batch["support_X"][t, kept, 0].long()
            asked = batch["query_X"][t, ~y[t].isnan(), 0].long()
            np.testing.assert_array_equal(batch["support_y"][t, kept, 0].long(), shown)
            np.testing.assert_array_equal(y[t, ~y[t].isnan()].long(), asked)
            rows = np.concatenate([shown, asked])
            assert len(set(rows)) == len(rows)
            assert len(set(task_of[rows])) == 1
            total = n_rows[task_of[rows[0]]]
            assert len(shown) == min(n_shots, (total + 1) // 2)
            assert len(asked) == min(n_query, total - len(shown))


def test_shared_labels_keep_their_place():
    store = n_way_store([[4, 4], [5, 3]], shared_labels=True)
    for batch, y in seeded_batches(store, batch_size=4, n_shots=1, n_query=2, steps=5):
        assert batch["class_mask"].all()
        for t in range(4):
            rows, codes = support_rows(batch, t)
            np.testing.assert_array_equal(codes, store.y[rows])
            rows, codes = query_rows(batch, y, t)
            np.testing.assert_array_equal(codes, store.y[rows])


def test_classes_the_support_does_not_show_can_be_left_out_of_the_query():
    store = n_way_store([[9, 1]] * 3, shared_labels=True)
    for batch, y in seeded_batches(store, batch_size=6, n_shots=1, n_query=3, steps=10, hide_unseen=True):
        for t in range(6):
            assert set(query_rows(batch, y, t)[1].tolist()) <= set(support_rows(batch, t)[1].tolist())


def given_store(n_tasks=6):
    rng = np.random.default_rng(0)
    n_support, n_query = rng.integers(2, 5, n_tasks), rng.integers(1, 4, n_tasks)
    total = (n_support + n_query).sum()
    tasks = TaskSet.from_pool(np.arange(float(total))[:, None], np.arange(total) % 2, n_support, n_query)
    return TaskStore(
        torch.as_tensor(tasks.pooled[0]), tasks.pooled[1], n_support, n_query, n_classes=[2] * n_tasks
    ), tasks


def parts_of(batches):
    """Batches whose tasks are of similar size, with their labels."""
    for batch, y in batches:
        parts = batch.batches if isinstance(batch, Parts) else [batch]
        yield from zip(parts, y.split([part["query_X"][..., 0].numel() for part in parts]))


def test_tasks_with_query_rows_are_taken_whole_once_an_epoch():
    store, tasks = given_store()
    seen = []
    for batch, y in parts_of(seeded_batches(store, batch_size=2, steps=3)):
        for t in range(len(batch["query_X"])):
            shown, _ = support_rows(batch, t)
            asked, _ = query_rows(batch, y, t)
            first = [i for i in range(len(tasks)) if tasks[i].X[0, 0] == shown[0]]
            seen += first
            np.testing.assert_array_equal(shown, tasks[first[0]].X.ravel())
            np.testing.assert_array_equal(asked, tasks[first[0]].X_query.ravel())
    assert sorted(seen) == list(range(6))


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 20)), min_size=1, max_size=40), st.integers(1, 6))
def test_padding_of_given_tasks_adds_a_quarter_at_most(sizes, batch_size):
    n_support, n_query = np.array(sizes).T
    rows = torch.repeat_interleave(torch.arange(float(len(sizes))), torch.as_tensor(n_support + n_query))[:, None]
    store = TaskStore(rows, rows, n_support, n_query)  # a row is the number of its task
    for batch, y in seeded_batches(store, batch_size=batch_size, steps=4):
        parts = [part for part, _ in parts_of([(batch, y)])]
        tasks = torch.cat([part["support_X"][:, 0, 0] for part in parts]).long().numpy()
        assert len(tasks) == batch_size
        padded = sum(part["support_X"][..., 0].numel() + part["query_X"][..., 0].numel() for part in parts)
        assert padded <= 1.25 * (n_support + n_query)[tasks].sum()
        assert torch.equal(y[~y.isnan()], torch.as_tensor(np.repeat(tasks, n_query[tasks])).float())


@pytest.mark.parametrize("n_tasks", [16, 24, 60])
def test_a_task_is_in_a_batch_once(n_tasks):
    sizes = np.arange(n_tasks) * 3 + 1
    rows = torch.repeat_interleave(torch.arange(float(n_tasks)), torch.as_tensor(sizes + 1))[:, None]
    store = TaskStore(rows, rows, sizes, np.ones(n_tasks))
    for _, y in seeded_batches(store, batch_size=n_tasks // 4, steps=4):  # one pass through the tasks
        y = y[~y.isnan()]
        assert len(y.unique()) == len(y) == n_tasks // 4


def test_relabelling_of_given_tasks_is_the_same_for_support_and_query():
    store, _ = given_store()
    flipped = set()
    for batch, y in parts_of(seeded_batches(store, batch_size=3, steps=8)):
        for t in range(len(batch["query_X"])):
            rows, codes = (np.concatenate(pair) for pair in zip(support_rows(batch, t), query_rows(batch, y, t)))
            change = {int(a) for a in (rows % 2) ^ codes}
            assert len(change) == 1
            flipped |= change
    assert flipped == {0, 1}


def test_the_torch_seed_decides():
    store = n_way_store([[9, 9, 9]] * 4)
    one, same, other = (seeded_batches(store, seed, steps=2)[1][0]["support_X"] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_seed_of_its_own_gives_the_same_episodes_every_epoch_and_leaves_torch_alone(rng_untouched):
    loader = EpisodeLoader(n_way_store([[9, 9, 9]] * 4), steps=3, seed=5)
    for (first, y), (second, y_again) in zip(loader, loader):
        assert torch.equal(first["support_X"], second["support_X"])
        assert torch.equal(y, y_again)


@pytest.mark.parametrize("kind", ["own classes", "shared classes", "numbers"])
def test_a_seed_gives_the_same_episodes_however_many_are_drawn_together(kind, monkeypatch):
    sizes = [[9, 7, 8], [9, 6, 9], [5, 8, 9]]
    store = regression_store([24, 24, 22]) if kind == "numbers" else n_way_store(
        sizes, shared_labels=kind == "shared classes"
    )  # fmt: skip
    settings = {"batch_size": 2, "n_ways": (2, 3), "n_shots": (1, 3), "n_query": (2, 4), "steps": 7}
    found = []
    for numbers in (1, 1000, 10**6):
        monkeypatch.setattr(episodes, "_NUMBERS_AT_ONCE", numbers)
        found.append(seeded_batches(store, **settings))
    for others in found[1:]:
        for (batch, y), (other, other_y) in zip(found[0], others, strict=True):
            assert all(torch.equal(batch[name], other[name]) for name in batch)
            assert torch.equal(y.nan_to_num(), other_y.nan_to_num())


def test_an_epoch_goes_over_the_tasks_once_but_takes_thirty_steps_at_least():
    store = n_way_store([[4, 4]] * 80)
    assert len(EpisodeLoader(store, batch_size=2)) == 40
    assert len(EpisodeLoader(store, batch_size=16)) == 30
    assert len(EpisodeLoader(store, steps=3)) == len(seeded_batches(store, steps=3)) == 3


@pytest.mark.parametrize("relabel", [True, False])
def test_a_range_of_ways_is_drawn_anew_for_each_batch_and_none_is_padded(relabel):
    store = n_way_store([[6] * 7, [6] * 7])
    seen = set()
    settings = {"batch_size": 3, "n_ways": (2, 4), "n_shots": 2, "n_query": 3, "steps": 40, "relabel": relabel}
    for batch, y in seeded_batches(store, **settings):
        ways = {len(set(support_rows(batch, t)[1].tolist())) for t in range(3)}
        assert len(ways) == 1
        (ways,) = ways
        assert batch["support_X"].shape[1] == 2 * ways and len(y) == 3 * 3 * ways
        assert batch["class_mask"].shape[1] == (ways if relabel else 7)
        for t in range(3):
            assert set(query_rows(batch, y, t)[1].tolist()) == set(support_rows(batch, t)[1].tolist())
        seen.add(ways)
    assert seen == {2, 3, 4}


def test_by_default_episodes_have_five_to_twenty_ways_where_there_are_so_many():
    many = seeded_batches(n_way_store([[4] * 30]), batch_size=1, n_shots=1, n_query=1, steps=80)
    assert {min(20, max(5, n)) for n in (b["class_mask"].shape[1] for b, _ in many)} == set(range(5, 21))
    few = seeded_batches(n_way_store([[4] * 3]), batch_size=1, n_shots=1, n_query=1, steps=5)
    assert {b["class_mask"].shape[1] for b, _ in few} == {3}


@pytest.mark.parametrize("sizes", [(10, 10, 10), (10, 7, 12)])
@pytest.mark.parametrize("kind", ["own classes", "shared classes", "numbers"])
@pytest.mark.parametrize("how", [{}, {"n_query": (1, 3)}, {"n_ways": 2}, {"n_query": 9}, {"hide_unseen": True}])
def test_a_loader_knows_whether_rows_of_a_batch_lack_a_label(kind, sizes, how):
    labels = torch.arange(2).repeat(sum(sizes))[: sum(sizes)]
    y = labels[:, None].float() if kind == "numbers" else labels
    about = {} if kind == "numbers" else {"n_classes": [2] * 3, "shared_labels": kind == "shared classes"}
    store = TaskStore(torch.zeros(sum(sizes), 1), y, sizes, [-1] * 3, **about)
    loader = EpisodeLoader(store, batch_size=2, n_shots=1, **{"n_query": 2} | how, seed=0)
    batches = [(bool(is_answered(labels).all()), loader.hides) for _, labels in loader]
    assert all(hides or all_answered for all_answered, hides in batches)
    if not how:
        assert not any(hides for _, hides in batches)


@pytest.mark.parametrize("lacks", [False, True])
def test_a_loader_of_whole_tasks_knows_it_too(lacks):
    rows = torch.zeros(12, 1)
    y = torch.arange(12).remainder(2)
    y[3] = -1 if lacks else 0
    store = TaskStore(rows, y, [2, 2, 2], [2, 2, 2], n_classes=[2, 2, 2])
    loader = EpisodeLoader(store, batch_size=3, steps=2)
    assert [loader.hides for _ in loader] == [lacks, lacks]
    uneven = EpisodeLoader(TaskStore(rows, y, [2, 1, 1], [2, 3, 3], n_classes=[2, 2, 2]), batch_size=3, steps=2)
    assert [uneven.hides for _ in uneven] == [True, True]


def own_rows(batch, y):
    """Numbers and labels of the support rows of each task of a batch, and its query labels."""
    parts = batch.batches if isinstance(batch, Parts) else [batch]
    rows = [[x.tolist() for x in support_rows(part, t)] for part in parts for t in range(len(part["query_X"]))]
    sizes = [part["query_X"].shape[1] for part in parts for _ in part["query_X"]]
    return list(zip(rows, [labels[is_answered(labels)].tolist() for labels in y.split(sizes)]))


def stores_to_share():
    """Of each kind: classes of their own, rows of a table, and whole tasks, alike and so unlike that parts come."""
    given = ([3] * 9, [2] * 9), ([2] * 5 + [30] * 4, [2] * 5 + [30] * 4)
    yield n_way_store([[9, 9, 7]] * 9), {"n_shots": (1, 3)}
    yield regression_store([9, 12, 8] * 3), {"n_query": (2, 4)}
    for n_support, n_query in given:
        n = sum(n_support) + sum(n_query)
        X = torch.arange(float(n))[:, None]
        yield TaskStore(X, torch.arange(n) % 2, n_support, n_query, n_classes=[2] * 9), {}


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("n_processes", [2, 3, 7])
def test_what_processes_draw_each_is_together_what_one_draws(kind, n_processes):
    store, how = list(stores_to_share())[kind]
    how = {"batch_size": 5, "steps": 4, "seed": 1} | how
    alone = list(EpisodeLoader(store, **how))
    loaders = [EpisodeLoader(store, **how) for _ in range(n_processes)]
    for rank, loader in enumerate(loaders):
        loader.share = rank, n_processes
    for whole, *shares in zip(alone, *loaders, strict=True):
        places = [loader.place for loader in loaders]
        together = [one for share, place in zip(shares, places) if place.has_tasks for one in own_rows(*share)]
        assert sorted(together) == sorted(own_rows(*whole))
        assert all(place.n_all == 5 for place in places)
