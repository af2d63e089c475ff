"""A gradient that is too large, made smaller: by its length, which keeps its direction, or number by number."""

from math import sqrt

from rnn_course.arrays import array_namespace, to_numpy
from rnn_course.init import check_positive
from rnn_course.tree import Tree, leaves, tree_map


def global_norm(tree: Tree) -> float:
    """√(Σ of all squares), over all arrays of a tree; an accelerator is asked once, not once an array."""
    sums = [array_namespace(leaf).sum(leaf * leaf) for leaf in leaves(tree)]
    return sqrt(sum(to_numpy(array_namespace(*sums).stack(sums)).tolist())) if sums else 0.0


def clip_by_global_norm(gradient: Tree, max_norm: float) -> tuple[Tree, float]:
    """The gradient, shrunk to `max_norm` if its global norm is larger, and the norm before (Pascanu et al. 2013).

    Every array is scaled by the same factor, min(1, max_norm / norm), so that the direction stays. The factor is that
    of `tf.clip_by_global_norm`; `torch.nn.utils.clip_grad_norm_` has min(1, max_norm / (norm + 1e-6)), a little less.
    """
    check_positive(max_norm=max_norm)
    norm = global_norm(gradient)
    if not norm > max_norm:
        return gradient, norm
    factor = float(max_norm) / norm
    return tree_map(lambda g: g * factor, gradient), norm


def clip_by_value(gradient: Tree, limit: float) -> Tree:
    """Every number of the gradient cut to −limit … limit, as `torch.nn.utils.clip_grad_value_` does.

    The direction changes, for only the large numbers shrink; `clip_by_global_norm` keeps it.
    """
    check_positive(limit=limit)
    return tree_map(lambda g: array_namespace(g).clip(g, -limit, limit), gradient)
