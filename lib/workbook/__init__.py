"""The workbook: notebooks run headlessly, each run recorded, all of them reported."""

from lib.workbook.record import Run, start_run

__all__ = ["Run", "start_run"]
