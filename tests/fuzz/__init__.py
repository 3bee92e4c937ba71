"""Seeded mutations of every file that the workbook reads, and of its command line.

`python -m tests.fuzz 2000` tries that many and prints what came of them; `make test` tries 200.
"""
