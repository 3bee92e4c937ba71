"""Runs notebooks without a browser, records each run, and reports all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.workbook.record import Run, start_run

__all__ = ["Run", "start_run"]


def __getattr__(name: str) -> Any:
    """Import `Run` and `start_run` on use: they load torch, and the command line must not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lib.workbook import record

    return getattr(record, name)
