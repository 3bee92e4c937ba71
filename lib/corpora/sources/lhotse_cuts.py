"""Lhotse cuts as rows of a manifest."""

from __future__ import annotations

import math
from collections.abc import Iterator

from lib.bounded import BadData


def cut_rows(cut: dict) -> Iterator[dict]:
    """The rows of a lhotse cut, one for each supervision.

    Raises:
        BadData: it is not a MonoCut as lhotse writes it.
    """
    if cut["type"] != "MonoCut" or not cut.get("recording") or not cut.get("supervisions"):
        raise BadData("is not a MonoCut with a recording and a supervision")
    try:
        recording = cut["recording"]
        for supervision in cut["supervisions"]:
            start, seconds = cut["start"] + supervision["start"], supervision["duration"]
            whole_file = math.isclose(start, 0.0) and math.isclose(seconds, recording["duration"])
            row = {
                "id": supervision["id"],
                "audio": recording["sources"][0]["source"],
                "source": supervision.get("language"),
                "speaker": supervision.get("speaker"),
                "gender": supervision.get("gender"),
                "transcript": supervision.get("text"),
                "seconds": seconds,
                "start": None if whole_file else start,
            }
            yield (supervision.get("custom") or {}) | row
    except (AttributeError, LookupError, TypeError) as error:
        raise BadData(f"is a cut that lacks a field, or has a wrong one ({error})") from error
