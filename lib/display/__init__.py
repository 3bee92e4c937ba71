"""Display: static HTML first, then a table, then a live widget where a kernel runs.

Nothing here knows a system: views take utterances, output rows, score tables and studies.
"""

from matplotlib import rcParams

# labels are names, tokens and texts of corpora, where a $ is no formula
rcParams["text.parse_math"] = False
