"""Adam in one call of the kernel, for the many small parameters of small networks."""

import torch

from skmeta import native


class Adam(torch.optim.Adam):
    """torch's Adam, with the same state; where the kernel can take a step of it, the kernel does.

    It does on the CPU, for plain settings and where nobody has hooks on the optimizer. Anything else is torch's.
    """

    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = None if self._is_watched() or not native.available() else [self._members(g) for g in self.param_groups]
        if groups is None or None in groups or not native.adam_step(groups):
            super().step()
        return loss

    def zero_grad(self, set_to_none=True):
        if not set_to_none:
            super().zero_grad(set_to_none)
            return
        for group in self.param_groups:  # torch's looks at more, which takes as long as a small network's update
            for value in group["params"]:
                value.grad = None

    def _is_watched(self):
        return bool(self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks)

    def _members(self, group):
        """Settings and tensors of a group as the kernel reads them; None where it does not know what they ask for."""
        asks = ("amsgrad", "maximize", "capturable", "differentiable")
        if any(group[name] for name in asks) or isinstance(group["lr"], torch.Tensor):
            return None
        members = []
        for value in group["params"]:
            if value.grad is None:
                continue
            state = self.state[value]
            if not state:
                return None  # the first step: torch makes the state
            members.append((value, value.grad, state["exp_avg"], state["exp_avg_sq"], state["step"]))
        return (group["lr"], *group["betas"], group["eps"], group["weight_decay"]), members
