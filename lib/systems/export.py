"""Export a trained system as a folder with a model card; plain transformers loads it if it can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.files import atomic_path, write_json, write_text
from lib.languages import language
from lib.systems.load import LoadedSystem

CARD = """---
library_name: {library}
license: {licence}
language: [{languages}]
---
# {title}

{task} from {source} into {target}, trained with the speech translation workbook: system
`{system}`, strategy `{strategy}`, scale `{scale}`, seed {seed}.

**Data.** {data}

## Use

```python
{usage}
```

## Scores

{scores}

`recipe.json` holds everything that decided the weights.
"""

USAGE = {
    "speech": """import soundfile
from transformers import AutoProcessor, {model_class}

processor = AutoProcessor.from_pretrained("{folder}")
model = {model_class}.from_pretrained("{folder}")
samples, rate = soundfile.read("speech.wav")  # mono, 16 kHz
inputs = processor(audio=samples, sampling_rate=rate, return_tensors="pt")
tokens = model.generate(**inputs, tgt_lang="{target_name}", num_beams={beams})
print(processor.decode(tokens[0], skip_special_tokens=True))""",
    "text": """from transformers import AutoTokenizer, {model_class}

tokenizer = AutoTokenizer.from_pretrained("{folder}", src_lang="{source_token}")
model = {model_class}.from_pretrained("{folder}")
inputs = tokenizer("A text to translate.", return_tensors="pt")
target = tokenizer.convert_tokens_to_ids("{target_token}")
tokens = model.generate(**inputs, forced_bos_token_id=target, num_beams={beams})
print(tokenizer.decode(tokens[0], skip_special_tokens=True))""",
}
# several models that no class of transformers holds together
JOINED_USAGE = """from lib.models.speech_lm.loading import load_speech_lm  # of the workbook

model = load_speech_lm("{folder}")  # its two subfolders load in plain transformers"""


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
    with atomic_path(folder) as new:
        system.model.save(new)
        write_json(new / "recipe.json", system.card)
        write_text(new / "README.md", model_card(system, folder, scores))
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
        library="transformers" if system.model.export_classes else "pytorch",
        languages=", ".join(dict.fromkeys((source, target))),
        task=system.task.name,
        source=language(source).name,
        target=language(target).name,
        system=card["system"],
        strategy=card["strategy"],
        scale=card["scale"],
        seed=card["seed"],
        data=data,
        usage=_usage(system, folder.name, source, target),
        scores=_score_table(scores),
    )


def _usage(system: LoadedSystem, folder: str, source: str, target: str) -> str:
    model, kind = system.model, "speech" if system.task.speech_input else "text"
    if not model.export_classes:
        return JOINED_USAGE.format(folder=folder)
    source, target = (
        model.tokenizer.convert_ids_to_tokens(model.add_language(code)) for code in (source, target)
    )
    return USAGE[kind].format(
        folder=folder,
        model_class=model.export_classes[kind],
        source_token=source,
        target_token=target,
        target_name=target.strip("_"),
        beams=system.card["model"]["search"]["beams"],
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
