"""IWSLT's Maltese-English, in the layout of three other pairs of the task, with transcripts.

No file of the release could be seen, so users have to bring theirs into that layout (see
`iwslt_stamped`): {train,dev}/stamped.tsv, {train,dev}/txt/{train,dev}.{mlt,eng}, {train,dev}/wav/.
"""

from __future__ import annotations

from functools import partial

from lib.corpora.sources import iwslt_stamped

PAIR = iwslt_stamped.Pair("mlt", {"mlt": "mlt", "eng": "eng"}, test_part="dev")
read = partial(iwslt_stamped.read, pair=PAIR)
