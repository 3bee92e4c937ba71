"""The explorer of outputs: a live widget, a page without a kernel, and a table, from one object."""

from lib.display.explorer.lines import Explorer, Matrix, one_by_one, side_by_side

__all__ = ["Explorer", "Matrix", "one_by_one", "side_by_side"]
