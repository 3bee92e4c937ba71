"""The explorer with a kernel: clips come from their files, and tags go to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from lib.corpora.audio import BadAudio
from lib.display.explorer import page
from lib.display.explorer.lines import Explorer
from lib.display.explorer.tags import read_tags, save_tag
from lib.display.html import STYLE
from lib.display.player import encode_ogg


class ExplorerWidget(anywidget.AnyWidget):
    """The viewer; it asks for the sound of a clip by its line, and for tags to be saved."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    data = traitlets.Dict().tag(sync=True)


def live(explorer: Explorer, tags: Path) -> ExplorerWidget:
    """See `Explorer.live`."""
    found = read_tags(tags)
    own = found[found["explorer"] == explorer.name]
    saved = {row.request: {"tag": row.tag, "note": row.note} for row in own.itertuples()}
    widget = ExplorerWidget(
        _esm=page.script(),
        _css=page.css() + STYLE.removeprefix("<style>").removesuffix("</style>"),
        data=page.payload(explorer) | {"saved": saved},
    )

    def answer(_widget: Any, message: dict[str, Any], _buffers: list[bytes]) -> None:
        reply, sound = {"request": message["request"]}, []
        try:
            if message["kind"] == "sound":
                sound = [encode_ogg(explorer.sounds[message["index"]])]
            else:
                save_tag(tags, explorer.name, message["key"], message["tag"], message["note"])
        # the viewer shows the reason; an error here would only reach the kernel's log
        except (BadAudio, OSError, RuntimeError, ValueError) as error:
            reply["error"] = str(error)
        widget.send(reply, sound)

    widget.on_msg(answer)
    return widget
