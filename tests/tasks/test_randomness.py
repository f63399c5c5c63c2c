"""Random states: every kind users have is accepted, and the global one is left alone."""

import numpy as np
import pytest

from skmeta.tasks.randomness import as_generator, check_size_range, draw_sizes


def test_an_int_gives_the_same_stream_every_time():
    assert as_generator(7).random() == as_generator(7).random()


def test_a_generator_is_used_as_it_is():
    rng = np.random.default_rng(0)
    assert as_generator(rng) is rng


def test_a_random_state_is_drawn_from_so_that_a_second_call_differs():
    state, same = np.random.RandomState(3), np.random.RandomState(3)
    first = as_generator(state).random()
    assert first == as_generator(same).random()
    assert first != as_generator(state).random()


def test_none_gives_fresh_entropy_and_leaves_the_global_generator_alone(global_rng_untouched):
    assert as_generator(None).random() != as_generator(None).random()


@pytest.mark.parametrize("bad", ["0", 1.5, -1, np.random])
def test_anything_else_is_refused_by_value(bad):
    with pytest.raises(ValueError, match="random_state must be"):
        as_generator(bad)


def test_a_range_includes_both_ends():
    drawn = draw_sizes((2, 4), 200, np.random.default_rng(0))
    assert set(drawn) == {2, 3, 4}
    assert (draw_sizes(5, 3, np.random.default_rng(0)) == 5).all()


@pytest.mark.parametrize("bad", [0, (3, 2), (1, 2, 3), 2.5, "ab", (0, 4)])
def test_a_size_out_of_range_is_named_with_its_value(bad):
    with pytest.raises(ValueError, match="n_shots must"):
        check_size_range(bad, "n_shots", minimum=1)
