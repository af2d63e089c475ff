"""The code that a page talks about, printed from the package itself, so that the two cannot drift apart."""

import inspect
import textwrap
from collections.abc import Callable


def show_source(thing: Callable | type) -> None:
    """Print the source of a function, method or class of the package: `show_source(LSTMCell.forward)`."""
    print(textwrap.dedent(inspect.getsource(thing)).rstrip())
