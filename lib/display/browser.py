"""Browse clips by the rule that selected them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from lib.display.html import STYLE, escape
from lib.display.player import Clips
from lib.utterance import Utterance

EXPANDED = 2  # rules whose clips are visible without a click


@dataclass
class ClipBrowser:
    """Clips by rule: static HTML, a table, and a widget where a kernel runs.

    Args:
        clips: rule -> (reason, utterance) of each clip.
    """

    clips: dict[str, list[tuple[str, Utterance]]]
    _cache: dict[str, Clips] = field(default_factory=dict)

    def clips_of(self, rule: str) -> Clips:
        """The clips of one rule, rendered once."""
        if rule not in self._cache:
            rows = [_row(reason, utterance) for reason, utterance in self.clips[rule]]
            audio = [utterance.sound for _, utterance in self.clips[rule]]
            self._cache[rule] = Clips(rows=rows, audio=audio)
        return self._cache[rule]

    def to_html(self) -> str:
        """A collapsible section for each rule."""
        return "".join(
            f"<details{' open' if index < EXPANDED else ''}><summary>{escape(rule)}</summary>"
            f"{self.clips_of(rule).to_html()}</details>"
            for index, rule in enumerate(self.clips)
        )

    def table(self) -> pd.DataFrame:
        """All clips without their sound."""
        tables = [self.clips_of(rule).table().assign(rule=rule) for rule in self.clips]
        return pd.concat(tables, ignore_index=True)

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def live(self):  # noqa: ANN201 - ipywidgets is imported only where there is a kernel
        """A widget with a menu of rules and a text filter.

        Audio stays inside `widgets.HTML`; audio widgets hang papermill.
        """
        import ipywidgets

        menu = ipywidgets.Dropdown(options=list(self.clips), description="rule")
        page = ipywidgets.VBox([self.clips_of(menu.value).live()] if self.clips else [])

        def select(change: dict) -> None:
            page.children = [self.clips_of(change["new"]).live()]

        menu.observe(select, "value")
        return ipywidgets.VBox([menu, page])


def _row(reason: str, utterance: Utterance) -> dict[str, str]:
    texts = " | ".join(f"{code}: {text}" for code, text in utterance.texts.items())
    return {
        "id": utterance.id,
        "reason": reason,
        "texts": texts,
        "speaker": utterance.speaker,
    }
