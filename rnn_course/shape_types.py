"""jaxtyping's names, for the shapes in signatures: `Float[Array, "batch hidden"]` is an array of two axes.

They are for readers and for the tests, where jaxtyping checks each call of the package. It takes as long to import as
half of the package, so that it is left out unless it is there already: then `Float[Array, "batch hidden"]` is `Array`.
"""

import sys
from typing import TYPE_CHECKING, Any

__all__ = ["Bool", "Float", "Int", "Integer"]

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int, Integer
else:

    class _AnyShape:
        def __class_getitem__(cls, kind_and_axes: tuple[Any, str]) -> Any:
            return kind_and_axes[0]

    Bool = Float = Int = Integer = _AnyShape
