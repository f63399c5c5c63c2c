"""Interleaved timing: what shares a machine must share its moods.

Implementations take turns within every round, forwards in one and backwards in the next, each for a slice of time.
What is reported is the median over rounds of the ratio within a round, of CPU time: a busy machine slows all of a round
alike.
"""

import statistics
import time

import torch


def calls_for(function, seconds):
    """How often to call for a slice of about so many seconds."""
    function()
    start = time.process_time()
    function()
    return max(1, int(seconds / max(time.process_time() - start, 1e-7)))


def interleave(implementations, rounds=11, seconds=0.1):
    """{name: [CPU seconds per call in each round]}."""
    calls = {name: calls_for(function, seconds) for name, function in implementations.items()}
    times = {name: [] for name in implementations}
    for turn in range(rounds):
        names = list(implementations)
        for name in names if turn % 2 == 0 else reversed(names):
            function, n = implementations[name], calls[name]
            start = time.process_time()
            for _ in range(n):
                function()
            times[name].append((time.process_time() - start) / n)
    return times


def records(case, times, reference):
    """One line for each implementation: milliseconds, and how many times faster than the reference."""
    lines = []
    for name, seconds in times.items():
        ratios = sorted(r / s for r, s in zip(times[reference], seconds)) if reference in times else [float("nan")]
        lines.append(
            {
                "case": case,
                "implementation": name,
                "milliseconds": 1000 * statistics.median(seconds),
                "reference": reference,
                "times_faster": statistics.median(ratios),
                "low": ratios[len(ratios) // 10],
                "high": ratios[-1 - len(ratios) // 10],
                "rounds": len(seconds),
            }
        )
    return lines


def one_thread():
    torch.set_num_threads(1)
