"""Meta-train an in-context learner on synthetic tables: ``python -m tools.pretraining.train --config FILE``.

The run can be stopped at any time and started again by the same command: a checkpoint holds the weights, their
moving average, both optimisers and all random states, so that a resumed run takes the very steps an unbroken one
would have taken. ``--export`` writes the moving average as half-precision safetensors.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from skmeta.learners.in_context.heads import InContextClassification, InContextRegression
from skmeta.nets.in_context import Attention, FeedForward
from tools.pretraining.development import RealTables
from tools.pretraining.optimizers import MuonWithAdam
from tools.pretraining.stream import TableStream, ValidationTables, batch_loss

LEARNERS = {"classification": InContextClassification, "regression": InContextRegression}


def schedule(step, progress, warmup, decay_from):
    """Rise over the first steps, stay, and fall linearly to nothing over the last part of the run."""
    rise = min(1.0, (step + 1) / warmup)
    fall = (1 - progress) / max(1e-6, 1 - decay_from)
    return rise * min(1.0, max(fall, 0.0))


class TrainingRun:
    """All that a run consists of, so that it can be put down and taken up again.

    Parameters
    ----------
    config : dict
        ``task_type``, ``architecture``, ``stream`` (see :class:`TableStream`), ``steps``, ``warmup``,
        ``decay_from``, ``muon_lr``, ``adam_lr``, ``weight_decay``, ``ema``, ``seed``; optional ``start_from``
        (a safetensors file whose matching tensors are taken over), ``minutes`` (the run ends after so many of training
        if the steps have not ended it), ``device``, ``bf16``, ``compile``. Where a run is taken up again, what the file
        says now holds.
    folder : path
        Where checkpoints and the log go.
    """

    def __init__(self, config, folder):
        self.config, self.folder = config, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config["seed"])
        self.rng = np.random.default_rng(config["seed"])
        self.device = torch.device(config.get("device", "cpu"))
        self.learner = LEARNERS[config["task_type"]](**config.get("architecture", {}))
        if config.get("start_from"):
            self._take_over(load_file(config["start_from"]))
        self.learner.to(self.device)
        if config.get("compile"):
            for module in self.learner.modules():
                if isinstance(module, (Attention, FeedForward)):  # in place: names of weights stay as they are
                    module.compile(dynamic=True)
        self.optimizer = MuonWithAdam(self.learner, config["muon_lr"], config["adam_lr"], config["weight_decay"])
        self.average = {name: p.detach().clone() for name, p in self.learner.named_parameters()}
        self.stream = TableStream(config["task_type"], **config["stream"], device=self.device)
        self.step, self.tasks_seen, self.seconds, self.minutes = 0, 0, 0.0, 0.0

    def _take_over(self, tensors):
        own = self.learner.state_dict()
        fitting = {k: v.float() for k, v in tensors.items() if k in own and own[k].shape == v.shape}
        self.learner.load_state_dict(fitting, strict=False)

    @property
    def progress(self):
        """How much of the run is over, by steps or by minutes, whichever is more."""
        return max(self.step / self.config["steps"], self.minutes / self.config.get("minutes", float("inf")))

    # ---------------------------------------------------------------- checkpoints

    @property
    def checkpoint(self):
        return self.folder / "checkpoint.pt"

    def save(self):
        state = {
            "config": self.config,
            "learner": self.learner.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "numpy": self.rng.bit_generator.state,
            "torch": torch.get_rng_state(),
            "progress": (self.step, self.tasks_seen, self.seconds, self.minutes),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self.checkpoint)

    def resume(self):
        """Take up the checkpoint of the folder, if there is one."""
        if not self.checkpoint.exists():
            return False
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.learner.load_state_dict(state["learner"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"].cpu())
        self.step, self.tasks_seen, self.seconds, self.minutes = state["progress"]
        return True

    def export(self, path):
        """The moving average in half precision, with what is needed to build the learner around it."""
        about = {
            "task_type": self.config["task_type"],
            "architecture": json.dumps(self.config.get("architecture", {})),
            "tasks_seen": str(self.tasks_seen),
            "steps": str(self.step),
            "seconds": str(round(self.seconds)),
        }
        save_file({k: v.half().cpu().contiguous() for k, v in self.average.items()}, path, metadata=about)

    # ---------------------------------------------------------------- training

    def train_step(self):
        """One batch; a batch with an infinite gradient is passed over."""
        c = self.config
        started, clock = time.process_time(), time.monotonic()
        batch = self.stream.draw(self.rng)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=c.get("bf16", False)):
            loss = batch_loss(self.learner, batch, self.device)
        for p in self.learner.parameters():
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad.zero_()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.learner.parameters(), 1.0)
        if torch.isfinite(norm):
            self.optimizer.step(schedule(self.step, self.progress, c["warmup"], c["decay_from"]))
        self.step += 1
        self.tasks_seen += len(batch["y"])
        keep = min(c["ema"], 1 - 1 / (self.step / 4 + 1))
        parameters = [p.detach() for p in self.learner.parameters()]
        torch._foreach_lerp_(list(self.average.values()), parameters, 1 - keep)
        loss = float(loss.detach())  # waits for the device
        self.seconds += time.process_time() - started
        self.minutes += (time.monotonic() - clock) / 60
        return loss

    def evaluate(self, validation, real):
        """Scores of the moving average."""
        current = {name: p.detach().clone() for name, p in self.learner.named_parameters()}
        self.learner.load_state_dict(self.average, strict=False)
        result = {"validation": round(validation.score(self.learner, self.device), 4)}
        if self.device.type == "cpu":
            result["real"] = real.score(self.learner)
        self.learner.load_state_dict(current, strict=False)
        return result

    def log(self, **entry):
        entry = {"step": self.step, "tasks": self.tasks_seen, "seconds": round(self.seconds), **entry}
        print(json.dumps(entry), flush=True)
        with open(self.folder / "log.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True, help="JSON file, see tools/pretraining/configs")
    parser.add_argument("--folder", required=True, help="where checkpoints and the log go")
    parser.add_argument("--export", help="write the weights there at the end and at every evaluation")
    parser.add_argument("--minutes", type=float, help="in the place of those of the configuration")
    parser.add_argument("--evaluate-every", type=int, default=500)
    parser.add_argument("--save-seconds", type=float, default=120)
    parser.add_argument("--validation-tables", type=int, default=128)
    options = parser.parse_args(arguments)
    config = json.loads(Path(options.config).read_text())
    if options.minutes is not None:
        config["minutes"] = options.minutes
    run = TrainingRun(config, options.folder)
    if run.resume():
        run.log(event="resumed")
    validation = ValidationTables(run.stream, options.validation_tables)
    real = RealTables(run.config["task_type"])
    losses, saved = [], time.monotonic()
    while run.progress < 1:
        losses.append(run.train_step())
        over = run.progress >= 1
        if run.step % 100 == 0:
            run.log(loss=round(float(np.mean(losses[-100:])), 4))
        if run.step % options.evaluate_every == 0 or over:
            run.log(**run.evaluate(validation, real))
            if options.export:
                run.export(options.export)
        if time.monotonic() - saved > options.save_seconds or over:
            run.save()
            saved = time.monotonic()


if __name__ == "__main__":
    main()
