"""Blocks of small work leave the number of threads as they found it."""

import threading

import pytest
import torch

from skmeta.threads import one_thread


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_a_block_has_one_thread_and_puts_the_setting_back():
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_large_work_keeps_the_setting():
    with one_thread(when=False):
        assert torch.get_num_threads() == 3


def test_a_block_within_a_block_does_not_end_it():
    with one_thread():
        with one_thread():
            pass
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_an_error_puts_the_setting_back():
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3


def test_a_block_that_begins_inside_anothers_does_not_take_its_limit_for_the_setting():
    entered, left = threading.Event(), threading.Event()

    def other():
        with one_thread():
            entered.set()
            left.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    with one_thread():
        left.set()
        thread.join()
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3
