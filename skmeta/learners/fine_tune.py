"""Transfer by pretraining on source tasks and fine-tuning on the support of a new one."""

import torch
from torch import nn

from skmeta.learners.base import Learner, hide_absent_classes, with_bias_column
from skmeta.learners.convex.logistic import logistic_heads
from skmeta.learners.convex.ridge import ridge_heads
from skmeta.learners.descent import DescentSettings, fine_tune
from skmeta.learners.engine import choose_engine
from skmeta.learners.target_scaling import PerTaskTargets


class FineTune(Learner):
    """A trunk shared by all source tasks, linear heads on it, and what becomes of both on a new task.

    Training is ordinary supervised learning: every labelled row of every source task is answered by the trunk and
    either the one head of all tasks or the head of its own task. A new task starts from the trunk and

    * the shared head, or the mean of the tasks' heads, where outputs mean the same in all tasks; a class met for the
      first time starts from the mean of the others;
    * a head of zeros where its classes are its own, so that any number of ways works.

    With ``freeze="trunk"`` only the head is fitted, to the optimum of its convex loss. Otherwise all weights descend
    by Adam on the support, as many tasks together as fit, by the engine's gradients.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    n_source_tasks : int or None
        Heads of the source tasks; None is one head for all of them.
    n_source_outputs : int or None
        Rows of each head in pretraining; None is ``n_outputs``.
    freeze : {"trunk", "none", "gradual"}
        What stays as pretrained: the trunk; nothing; or, of K layers, the lowest K - 1 at first, and one less after
        every K-th part of the steps.
    l2_sp : float
        Pull back to the start, counted in rows: its share of the loss falls as the support grows.
    inner_steps, inner_lr, layer_decay, early_stopping
        Of the descent; see :class:`~skmeta.learners.descent.DescentSettings`.
    engine : {"auto", "native", "closed_form", "any_module", "naive"}

    References
    ----------
    X. Li, Y. Grandvalet, F. Davoine. "Explicit Inductive Bias for Transfer Learning with Convolutional Networks".
    ICML 2018 (the pull).
    J. Howard, S. Ruder. "Universal Language Model Fine-tuning for Text Classification". ACL 2018 (gradual unfreezing,
    rates that fall from layer to layer).
    W.-Y. Chen et al. "A Closer Look at Few-shot Classification". ICLR 2019 (the frozen trunk as a baseline).
    """

    cold_start = True

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification",
        n_source_tasks=None, n_source_outputs=None, freeze="trunk", inner_steps=50, inner_lr=0.01, layer_decay=0.7,
        l2_sp=1.0, early_stopping=True, engine="auto",
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs)
        self.task_type = task_type
        self.freeze, self.l2_sp, self.early_stopping = freeze, l2_sp, early_stopping
        self.inner_steps, self.inner_lr, self.layer_decay = inner_steps, inner_lr, layer_decay
        self.has_task_heads = n_source_tasks is not None
        rows = n_source_outputs or n_outputs or 1
        heads = (n_source_tasks,) if self.has_task_heads else ()
        self.head_weight = nn.Parameter(torch.randn(*heads, rows, self.n_embedding) / self.n_embedding**0.5)
        self.head_bias = nn.Parameter(torch.zeros(*heads, rows))
        self.engine = choose_engine(
            body, loss="cross_entropy" if task_type == "classification" else "mse", engine=engine
        )

    # ------------------------------------------------------------------ pretraining

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None, task_index=None):
        """In training the source heads' answers, supports unread; else the answers after fine-tuning."""
        if not self.training:
            return super().forward(support_X, support_y, query_X, support_weight, class_mask)
        embedded = self.embed(query_X)
        weight, bias = self.head_weight, self.head_bias
        if self.has_task_heads:
            if task_index is None:
                raise ValueError(
                    "Pretraining with a head for each task needs batches that say which task a row belongs to: "
                    "use iterator_train=RowLoader, or heads='shared'."
                )
            weight, bias = weight[task_index], bias[task_index][:, None]
        outputs = embedded @ weight.transpose(-1, -2) + bias
        return hide_absent_classes(outputs, class_mask).flatten(0, 1)

    @torch.no_grad()
    def renew_heads(self, n_source_tasks, n_source_outputs):
        """Heads for other source tasks than before, or None: one for all; they start where a new task starts."""
        start = self.start_of_head(n_source_outputs or self.n_outputs)
        self.has_task_heads = n_source_tasks is not None
        heads = (n_source_tasks,) if self.has_task_heads else ()
        self.head_weight, self.head_bias = (nn.Parameter(part.expand(*heads, *part.shape).clone()) for part in start)

    # ------------------------------------------------------------------ a new task

    def start_of_head(self, n_outputs):
        """Weight (n_outputs, e) and bias (n_outputs,) that a new task's head starts from."""
        if self.n_outputs is None:
            return self.head_weight.new_zeros(n_outputs, self.n_embedding), self.head_bias.new_zeros(n_outputs)
        weight, bias = self.head_weight, self.head_bias
        if self.has_task_heads:
            weight, bias = weight.mean(0), bias.mean(0)
        new = n_outputs - self.n_outputs
        if new <= 0:
            return weight, bias
        return (
            torch.cat([weight, weight.mean(0, keepdim=True).expand(new, -1)]),
            torch.cat([bias, bias.mean(0, keepdim=True).expand(new)]),
        )

    @torch.no_grad()
    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The fitted heads (T, C, e + 1), biases last, or all parameters, each (T, *shape); and the class mask."""
        n_outputs = self.n_outputs if class_mask is None else class_mask.shape[1]
        weight, bias = self.start_of_head(n_outputs)
        if self.freeze == "trunk":
            features = with_bias_column(self.embed(support_X))
            start = torch.cat([weight, bias[:, None]], 1)
            if self.task_type == "classification":
                heads = logistic_heads(features, support_y, support_weight, class_mask, start, self.l2_sp)
            else:
                heads = ridge_heads(features, support_y, support_weight, start, self.l2_sp / 2)
            return {"heads": heads, "class_mask": class_mask}
        settings = DescentSettings(
            steps=self.inner_steps,
            lr=self.inner_lr,
            layer_decay=self.layer_decay,
            pull=self.l2_sp,
            gradual=self.freeze == "gradual",
            early_stopping=self.early_stopping,
        )
        start = self.engine.start(weight, bias)
        tuned = fine_tune(self.engine, start, support_X, support_y, support_weight, class_mask, settings)
        return {"parameters": tuned, "class_mask": class_mask}

    def predict(self, state, query_X):
        if "parameters" in state:
            return self.engine.predict(state["parameters"], query_X, state["class_mask"])
        outputs = with_bias_column(self.embed(query_X)) @ state["heads"].transpose(1, 2)
        return hide_absent_classes(outputs, state["class_mask"])


class FineTunePerTaskTargets(PerTaskTargets):
    """Fine-tuning with targets that each task has standardised; in pretraining the data come so already."""

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None, task_index=None):
        if self.training:
            return self.learner(support_X, support_y, query_X, task_index=task_index)
        return super().forward(support_X, support_y, query_X, support_weight, class_mask)
