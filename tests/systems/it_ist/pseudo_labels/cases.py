"""Labels and pairs for tests."""

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.systems.it_ist.pseudo_labels.selection import Label

BOOK = Phrasebook(
    spoken=(),
    written=("eng", "deu", "zho"),
    train=0,
    dev=0,
    test=0,
    breadth=TINY_BREADTH,
    seed=4,
)


def make_label(id, translator, score, **fields):
    given = {
        "source": "eng",
        "target": "deu",
        "transcript": f"transcript of {id}",
        "text": f"{translator} of {id}",
        "metric": "kiwi",
        "licences": ("CC0-1.0", "MIT"),
        "reference": f"reference of {id}",
    }
    return Label(id=id, translator=translator, score=score, **given | fields)
