"""Display: static HTML first, then a table, then a live widget where a kernel runs.

Nothing here knows a system: views take utterances, output rows, score tables and studies.
"""
