"""The stand-in refuses what a GPU would refuse, counts what is copied, and computes what the CPU computes."""

import copy

import numpy as np
import pytest
import torch

from tests.device.stand_in import StandIn


def test_tensors_say_that_they_are_on_the_gpu_and_stay_there():
    with StandIn():
        x = torch.arange(6.0).to("cuda").view(2, 3)
        made = [x + 1, x @ x.T, torch.zeros(2, device=x.device), x.new_zeros(3), torch.nn.functional.one_hot(x.long())]
        made += [torch.where(x > 1, x, 0.0), torch.full_like(x, 2), copy.deepcopy(x), x.new_tensor([1.0])]
        assert all(value.device == torch.device("cuda", 0) and value.is_cuda for value in made)
        body = copy.deepcopy(torch.nn.Linear(2, 2).to("cuda"))
        assert all(value.requires_grad and value.is_cuda for value in body.parameters())
        assert torch.vmap(lambda row: row.new_full((), row.device.type == "cuda"))(x).all()


@pytest.mark.parametrize(
    "mix",
    [
        lambda here, there: here + there,
        lambda here, there: there @ here.T,
        lambda here, there: torch.cat([here, there]),
        lambda here, there: torch.nn.functional.linear(there, here),
        lambda here, there: there.index_select(0, torch.tensor([0])),
        lambda here, there: there.add_(here),
        lambda here, there: torch.rand(2, device="cuda", generator=torch.Generator()),
        lambda here, there: torch.rand(2, generator=torch.Generator("cuda")),
        lambda here, there: there.normal_(generator=torch.Generator()),
    ],
)
def test_what_lies_in_two_places_does_not_meet(mix):
    with StandIn():
        here = torch.ones(2, 2)
        with pytest.raises(RuntimeError, match="CPU|cpu"):
            mix(here, here.to("cuda"))


def test_a_tensor_of_the_gpu_is_no_array():
    with StandIn():
        x = torch.ones(2).to("cuda")
        with pytest.raises(TypeError, match="cpu"):
            x.numpy()
        with pytest.raises(TypeError, match="cpu"):
            np.asarray(x)
        assert x.cpu().numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "counted"),
    [
        (lambda x: x.to("cuda"), {}),
        (lambda x: x + 1.0, {}),
        (lambda x: x.double(), {}),
        (lambda x: x.cpu(), {"to host": 1}),
        (lambda x: x.sum().item(), {"to host": 1}),
        (lambda x: bool((x > 0).all()), {"to host": 1}),
        (lambda x: x.tolist(), {"to host": 1}),
        (lambda x: torch.as_tensor(np.ones(3), device="cuda"), {"to gpu": 1}),
        (lambda x: torch.tensor([1.0], device=x.device), {"to gpu": 1}),
        (lambda x: x[[0, 2]], {"to gpu": 1}),
        (lambda x: x.copy_(torch.ones(3)), {"to gpu": 1}),
        (lambda x: torch.ones(3).copy_(x), {"to host": 1}),
        (lambda x: x[x > 0], {"wait": 1}),
        (lambda x: x.nonzero(), {"wait": 1}),
    ],
)
def test_every_copy_is_counted(call, counted):
    with StandIn() as gpu:
        x = torch.ones(3).to("cuda")
        gpu.moves.clear()
        call(x)
        assert {what: gpu.count(what) for what in ("to gpu", "to host", "wait") if gpu.count(what)} == counted


def test_a_network_learns_what_it_learns_on_the_cpu():
    def trained(device):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).to(device)
        optimizer = torch.optim.Adam(net.parameters(), fused=True)
        X = torch.linspace(0, 1, 12).view(4, 3).to(device)
        for _ in range(3):
            optimizer.zero_grad()
            net(X).square().mean().backward()
            assert all(value.grad.device.type == device for value in net.parameters())
            optimizer.step()
        return net.cpu().state_dict()

    with StandIn():
        there = trained("cuda")
    here = trained("cpu")
    assert all(torch.equal(there[name], value) for name, value in here.items())


def test_there_is_no_gpu_any_more_when_it_is_over():
    before = torch.cuda.is_available(), torch.Generator
    with StandIn():
        assert torch.cuda.is_available()
    assert (torch.cuda.is_available(), torch.Generator) == before
