"""Clips to browse by the rule that chose them: static HTML, a table, and a widget where there is a kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lib.display.html import STYLE, escape
from lib.display.player import Clips
from lib.utterance import Utterance


@dataclass
class Browser:
    """Clips by the rule that chose them: static HTML, a table, and a widget where there is a kernel."""

    clips: dict[str, list[tuple[str, Utterance]]]
    _pages: dict[str, Clips] = field(default_factory=dict)

    def of(self, rule: str) -> Clips:
        """The clips of one rule."""
        if rule not in self._pages:
            rows = [
                {
                    "id": u.id,
                    "why": why,
                    "texts": " | ".join(f"{code}: {text}" for code, text in u.texts.items()),
                    "speaker": u.speaker,
                }
                for why, u in self.clips[rule]
            ]
            self._pages[rule] = Clips(rows, [Path(u.sound) for _, u in self.clips[rule]], "")
        return self._pages[rule]

    def to_html(self) -> str:
        """Every rule as a part that opens and closes."""
        return "".join(
            f"<details{' open' if index < 2 else ''}><summary>{escape(rule)}</summary>{self.of(rule).to_html()}</details>"
            for index, rule in enumerate(self.clips)
        )

    def table(self) -> pd.DataFrame:
        """The facts without the sound."""
        return pd.concat([self.of(rule).table().assign(rule=rule) for rule in self.clips], ignore_index=True)

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def live(self):  # noqa: ANN201 - ipywidgets is imported only where there is a kernel
        """Choose a rule, filter by words, listen; sound stays inside `widgets.HTML`, which cannot hang papermill."""
        import ipywidgets

        rules = ipywidgets.Dropdown(options=list(self.clips), description="rule")
        page = ipywidgets.VBox([self.of(rules.value).live()] if self.clips else [])
        rules.observe(lambda change: setattr(page, "children", [self.of(change["new"]).live()]), "value")
        return ipywidgets.VBox([rules, page])
