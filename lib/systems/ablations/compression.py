"""Compression ratio (notebook 50): how many frames may become one position of the language model?

IT-IST's bridge takes 8 frames of 10 ms (2506.17019), LLM-SRT's 80 queries for whatever is said
(2409.19510). A ratio of 2 is a position every 20 ms, which is w2v-BERT's own rate.
"""

from __future__ import annotations

from lib.systems.ablations.one_pair import PAIR, SHORT
from lib.systems.ablations.study import ablation_study
from lib.systems.grid import Grid

RATIO, PLACE, QUERIES = "bridge.compression", "place", "recipe.bridges.q_former.queries"
# points of chrF++ that a coarser ratio may cost over the finest one; not CER, which a few outputs
# that loop can double
SAFE_MARGIN = 2.0

# the bridge alone is trained, by transcribing; seeds have encoders and language models of their own
GRID = Grid(
    name="compression",
    system="it_ist",
    strategy="align",
    factors={RATIO: (2, 4, 8, 16)},
    task="ASR",
    metric="chrF++",
    minutes=4.5,
)
# before the encoder its input is compressed, so that it is computed on fewer frames, too
BEFORE = Grid(
    name="compression before the encoder",
    system="it_ist",
    strategy="align",
    factors={
        RATIO: (4, 8, 16),
        PLACE: {"after the encoder": {}, "before it": {"bridge.before_encoder": True}},
    },
    seeds=(1,),
    task="ASR",
    metric="chrF++",
    minutes=7.0,
)
# a fixed number of positions, however long the speech is
FIXED = Grid(
    name="queries",
    system="llm_srt",
    strategy="asr",
    factors={QUERIES: (20, 40, 80, 160)},
    seeds=(1,),
    reference={QUERIES: "160"},
    task="ASR",
    metric="chrF++",
    minutes=9.0,
)
# translation after the second stage, in which everything is trained
TRANSLATED = Grid(
    name="compression, translation",
    system="it_ist",
    strategy="instruct",
    factors={RATIO: (2, 4, 8, 16)},
    seeds=(1,),
    minutes=8.0,
)
GRIDS = (GRID, BEFORE, FIXED, TRANSLATED)
# what `make workbook` has time for: one language, a quarter of the updates, one seed. IT-IST's
# bridge takes longer to learn anything at all; the zero-resource encoder's states are of 40 ms
LEAN = Grid(
    name="compression, lean",
    system="zero_resource",
    strategy="multi-task",
    factors={"recipe.compression": (4, 8, 16, 32)},
    seeds=(1,),
    fixed={"pair": PAIR} | SHORT["zero-resource"],
    task="ASR",
    metric="chrF++",
    minutes=1.0,
)


STUDIES = {"compression": ablation_study("compression", GRIDS, "50", minutes=2.0)}
