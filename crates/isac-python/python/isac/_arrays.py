"""Arguments as arrays: lists, any strides and any numeric type are converted, everything else is refused
by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isac._errors import refuse


def numeric(name: str, value: object) -> NDArray[Any]:
    """A finite array of real or complex numbers."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise refuse(name, value, "an array of numbers whose rows have one length") from error
    if array.dtype.kind not in "iufc":
        what = f"an array of {array.dtype}" if isinstance(value, np.ndarray) else repr(value)
        raise refuse(name, what, "numbers")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(int(i) for i in bad[0])
        raise refuse(name, f"{array[at]} at {list(at)}", "finite numbers")
    return array


def matrix(name: str, value: ArrayLike, rows: int | None = None, columns: int | None = None) -> NDArray[np.complex128]:
    """A complex matrix; a plain list is one column."""
    array = numeric(name, value)
    if array.ndim == 1:
        array = array[:, None]
    sizes = ["any" if n is None else str(n) for n in (rows, columns)]
    fits = array.ndim == 2 and rows in (None, array.shape[0]) and columns in (None, array.shape[1])
    if not fits or 0 in array.shape:
        raise refuse(name, "shape " + " x ".join(map(str, array.shape)), "shape " + " x ".join(sizes))
    return np.ascontiguousarray(array, dtype=np.complex128)


def vector(name: str, value: ArrayLike, size: int) -> NDArray[np.float64]:
    """Real numbers, one for all or one each."""
    array = numeric(name, value)
    if array.dtype.kind == "c":
        raise refuse(name, "complex numbers", "real numbers")
    if array.ndim == 0 or array.shape == (1,):
        array = np.full(size, array.reshape(-1)[0])
    if array.shape != (size,):
        raise refuse(name, "shape " + " x ".join(map(str, array.shape)), f"one number, or {size}")
    return np.ascontiguousarray(array, dtype=np.float64)


def number(name: str, value: object) -> float:
    """A real number."""
    array = numeric(name, value)
    if array.size != 1 or array.dtype.kind == "c":
        raise refuse(name, value, "a real number")
    return float(array.reshape(-1)[0])
