"""Several processes, each with a share of every batch: DistributedDataParallel around the models of the course.

`torchrun` starts the processes and says to each, in environment variables, which one it is. The gradient that comes out
is that of the whole batch, in every process, however the batch was divided; so the weights stay the same in all of
them. This file imports torch, and is imported only where torchrun has started the process.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from rnn_course.arrays import from_numpy, is_torch_array, resolve_device
from rnn_course.learning import Learner
from rnn_course.training.engine import Team
from rnn_course.tree import Tree, leaves, tree_map, with_leaves

PATIENCE = timedelta(minutes=5)  # with processes that do not answer; then an error, and torchrun can start anew


@contextmanager
def processes(device: str) -> Iterator["Processes"]:
    """The processes that torchrun has started, connected while the block lasts: by NCCL on CUDA, else by gloo.

    On CUDA each process of a machine takes the card of its own number. Raises ValueError for MPS, which has no way to
    connect processes.
    """
    device = resolve_device("torch", device)
    if device == "mps":
        raise ValueError("device: several processes need cpu or cuda, got mps")
    if device.startswith("cuda"):
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    try:
        yield Processes(device)
    finally:
        dist.destroy_process_group()


class Processes(Team):
    """This process and the others."""

    def __init__(self, device: str) -> None:
        self.device, self.rank, self.size = device, dist.get_rank(), dist.get_world_size()
        self._learner: SharedGradient | None = None

    def learner(self, model: Tree) -> Learner:
        """How to find the gradient of a batch of which this process has a share."""
        if self._learner is None:
            self._learner = SharedGradient(model, self)
        return self._learner

    def sums(self, numbers: np.ndarray) -> np.ndarray:
        """Each number, summed over the processes."""
        total = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.cpu().numpy()


class SharedGradient:
    """A learner: the loss and the gradient of the whole batch, from this process's share and those of the others.

    The mean over the batch is Σ n_r · mean_r / Σ n_r, with n_r the examples of process r. DistributedDataParallel takes
    the plain mean over processes, so each loss is first multiplied by n_r · processes / Σ n_r. That is 1 unless the
    batch cannot be divided evenly. Raises TypeError for a model with running statistics, which would not be shared.
    """

    def __init__(self, model: Tree, team: Processes) -> None:
        self.team, self.module = team, _Loss(model)
        self.parallel = DistributedDataParallel(self.module)

    def __call__(self, loss: Any, model: Tree, batch: tuple, rng: np.random.Generator | None) -> tuple[Any, Tree, Tree]:
        """The loss of the whole batch, the model, and the gradient, the same in all processes."""
        examples = len(batch[1])
        share = (
            batch
            if examples
            else tuple(torch.zeros((1, *part.shape[1:]), dtype=part.dtype, device=part.device) for part in batch)
        )
        self.module.take(model)
        value = self.parallel(loss, share, rng)
        lost, counted = self.team.sums(np.array([examples * float(value.detach()), examples]))
        self.parallel.zero_grad(set_to_none=True)
        (value * (examples * self.team.size / counted)).backward()
        gradient = [parameter.grad for parameter in self.module.weights]
        return lost / counted, model, with_leaves(model, gradient)


class _Loss(torch.nn.Module):
    """The loss of a model as a module, whose parameters are the model's arrays."""

    def __init__(self, model: Tree) -> None:
        super().__init__()
        if _has_statistics(model):
            raise TypeError(
                "several processes: expected a model without running statistics (batch norm); take GroupNorm"
            )
        arrays = [leaf if is_torch_array(leaf) else from_numpy(leaf, backend="torch") for leaf in leaves(model)]
        self.weights = torch.nn.ParameterList([torch.nn.Parameter(array.detach().clone()) for array in arrays])
        self.structure = tree_map(lambda _: torch.empty(0), model)

    def take(self, model: Tree) -> None:
        """Take the weights of the model."""
        with torch.no_grad():
            for parameter, leaf in zip(self.weights, leaves(model), strict=True):
                parameter.copy_(leaf)

    def forward(self, loss: Any, batch: tuple, rng: np.random.Generator | None) -> torch.Tensor:
        """The loss of a batch."""
        return loss.forward_training(with_leaves(self.structure, list(self.weights)), *batch, rng=rng)[0]


def _has_statistics(tree: Tree) -> bool:
    return isinstance(tree, tuple) and (bool(getattr(tree, "statistics", ())) or any(map(_has_statistics, tree)))
