"""Where and with what was measured."""

from rnn_course import machine

VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # set on some machines for old programs; they slow NumPy down


def description() -> dict[str, object]:
    """Everything that a reader of the numbers needs to judge them."""
    return machine.description(("numpy", "torch", "jax", "scipy"))
