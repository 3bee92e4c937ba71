"""The released 210 directions of LLM-SRT with Qwen2.5-3B (evaluation/qwen2.5-3B.xlsx, branch pcl).

BLEU with character tokens for tha, jpn, kor, zho and yue, 13a otherwise. The sheet has no label;
presumably the test set of FLEURS, beam 5, with LoRA.
"""

from __future__ import annotations

from lib.scoring.study import Direction

# source, then a column for each target in the order of the rows
_TABLE = """
eng - 21.6 34.3 21.7 34.4 18.9 15.3 20.0 26.6 28.6 50.4 36.7 28.7 39.6 30.7
deu 32.6 - 23.1 16.4 21.6 14.3 13.7 14.9 17.6 21.7 44.9 31.4 23.9 31.6 24.6
fra 32.7 16.1 - 17.7 24.9 16.6 12.4 15.8 19.0 22.9 45.7 31.8 24.0 32.0 24.6
spa 27.1 13.7 22.1 - 21.9 15.3 10.7 13.8 15.9 21.9 44.8 30.6 22.6 30.8 24.0
por 38.7 17.5 28.9 19.6 - 16.9 13.0 17.3 20.2 24.6 46.2 31.7 24.9 33.1 26.3
ita 26.7 13.6 22.6 17.0 20.2 - 10.3 13.8 15.8 21.7 44.2 29.8 23.3 30.3 24.4
nld 25.0 12.7 20.2 15.1 18.1 12.4 - 13.3 14.4 19.2 43.1 29.3 22.1 29.3 23.4
rus 29.1 15.1 22.1 16.3 21.3 14.5 10.9 - 17.0 22.2 44.6 30.5 23.9 31.4 24.8
ind 31.7 14.0 21.7 15.7 21.4 13.1 10.8 14.0 - 22.7 45.5 31.2 24.0 31.6 25.2
vie 22.4 10.6 16.7 12.9 15.9 10.7 8.8 11.3 14.6 - 42.6 25.7 20.7 26.3 20.1
tha 18.2 8.7 13.3 10.8 12.9 8.6 7.7 9.1 12.3 16.1 - 24.2 19.3 22.8 18.0
jpn 19.3 9.1 14.8 11.6 14.7 9.7 8.7 8.7 11.9 16.5 40.6 - 24.9 24.3 19.9
kor 22.1 10.0 16.8 13.6 16.1 10.3 8.2 9.9 14.1 19.7 42.3 33.1 - 27.8 22.7
zho 21.6 9.9 16.7 13.5 15.5 10.9 8.3 10.1 13.8 19.1 42.0 28.5 23.0 - 27.7
yue 17.5 8.1 14.1 10.5 12.8 8.5 6.9 8.8 11.1 16.6 39.5 25.1 20.0 27.7 -
"""


def released_scores() -> dict[Direction, float]:
    """BLEU by source and target."""
    rows = [line.split() for line in _TABLE.strip().splitlines()]
    codes = [row[0] for row in rows]
    return {
        (row[0], target): float(value)
        for row in rows
        for target, value in zip(codes, row[1:], strict=True)
        if value != "-"
    }
