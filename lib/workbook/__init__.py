"""The workbook: notebooks run headlessly, each run recorded, all of them reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib.workbook.record import Run, start_run

__all__ = ["Run", "start_run"]


def __getattr__(name: str) -> Any:
    """What notebooks ask for is loaded when they do: it needs torch, and the command line does not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lib.workbook import record

    return getattr(record, name)
