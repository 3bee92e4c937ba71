"""Export a trained system as a folder that plain transformers loads, with a model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.files import write_json, write_text
from lib.languages import language
from lib.systems.load import LoadedSystem

CARD = """---
library_name: transformers
license: {licence}
language: [{languages}]
---
# {title}

{task} from {source} into {target}, trained with the speech translation workbook: system
`{system}`, strategy `{strategy}`, scale `{scale}`, seed {seed}.

**Data.** {data}

## Use

```python
import soundfile
from transformers import AutoProcessor, {model_class}

processor = AutoProcessor.from_pretrained("{folder}")
model = {model_class}.from_pretrained("{folder}")
samples, rate = soundfile.read("speech.wav")  # mono, 16 kHz
inputs = processor(audio=samples, sampling_rate=rate, return_tensors="pt")
tokens = model.generate(**inputs, tgt_lang="{target_token}", num_beams={beams})
print(processor.decode(tokens[0], skip_special_tokens=True))
```

## Scores

{scores}

`recipe.json` holds everything that decided the weights.
"""


def export(
    system: LoadedSystem, folder: str | Path, scores: Sequence[dict[str, Any]] = ()
) -> Path:
    """Write weights (safetensors), tokenizer, processor, recipe and model card.

    Args:
        scores: rows of scores.csv of this system, for the model card.

    Raises:
        FileExistsError: the folder exists and is not an export.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / "recipe.json").exists():
        raise FileExistsError(f"{folder} exists and is not an export; choose another folder")
    system.model.save(folder)
    write_json(folder / "recipe.json", system.card)
    write_text(folder / "README.md", model_card(system, folder, scores))
    return folder


def model_card(
    system: LoadedSystem, folder: Path, scores: Sequence[dict[str, Any]] = ()
) -> str:
    """The export's README.md."""
    card = system.card
    source, target = system.directions[0]
    target = target if system.task.translates else source
    data = f"{card['corpus']['name']} ({card['corpus']['hash']})"
    if card["synthetic"]:
        data += ", **synthetic speech**: scores do not say how well it translates people"
    published = card["model"]["hub"]
    return CARD.format(
        title=f"{card['strategy']} {source}→{target}",
        licence="cc-by-nc-4.0" if published else "mit",
        languages=", ".join(dict.fromkeys((source, target))),
        task=system.task.name,
        source=language(source).name,
        target=language(target).name,
        system=card["system"],
        strategy=card["strategy"],
        scale=card["scale"],
        seed=card["seed"],
        data=data,
        folder=folder.name,
        model_class=system.model.export_class,
        target_token=language(target).token.strip("_"),
        beams=card["model"]["search"]["beams"],
        scores=_score_table(scores),
    )


def _score_table(scores: Sequence[dict[str, Any]]) -> str:
    if not scores:
        return "No scores were recorded for this system."
    lines = ["| test set | metric | score | 95 % interval |", "|---|---|---|---|"]
    for row in scores:
        interval = f"{row['low']:.1f} to {row['high']:.1f}"
        test = f"{row['task']} {row['source']}→{row['target']}, n={row['n']}"
        lines.append(f"| {test} | {row['metric']} | {row['value']:.1f} | {interval} |")
    return "\n".join(lines)
