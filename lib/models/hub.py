"""Checkpoints of the hub by commit, so that the same name means the same weights tomorrow."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.file_download import repo_folder_name

from lib.files import write_text

# Commits that public repositories quote; the hub itself was not asked. Others (NLLB, mT0, MADLAD,
# mBART, M2M100, OPUS-MT, BERTScore's) are not pinned: the first use resolves and keeps a commit.
REVISIONS = {
    "Qwen/Qwen2.5-0.5B": "060db6499f32faf8b98477b0a26969ef7d8b9987",
    "Qwen/Qwen2.5-1.5B": "8faed761d45a263340a0528343f099c05c9a4323",
    "Qwen/Qwen2.5-3B": "3aab1f1954e9cc14eb9509a215f9e5ca08227a9b",
    "Qwen/Qwen2.5-7B": "d149729398750b98c0af14eb82c78cfe92750796",
    "Qwen/Qwen2.5-32B": "1818d35814b8319459f4bd55ed1ac8709630f003",
    "Unbabel/wmt22-comet-da": "2760a223ac957f30acfb18c8aa649b01cf1d75f2",
    "Unbabel/wmt22-cometkiwi-da": "1ad785194e391eebc6c53e2d0776cada8f83179a",
    "facebook/seamless-m4t-v2-large": "5f8cc790b19fc3f67a61c105133b20b34e3dcb76",
    "facebook/w2v-bert-2.0": "da985ba0987f70aaeb84a80f2851cfac8c697a7b",
    "microsoft/Phi-4-mini-instruct": "cfbefacb99257ffa30c83adab238a50856ac3083",
    "openai/whisper-large-v3": "06f233fe06e710322aca913c1bc4249a0d71fce1",
}
KEPT = "refs/workbook"  # in a repository's folder of the hub's cache: the commit of the first use
COMMIT = re.compile("[0-9a-f]{40}")
NAME = re.compile(r"(?P<name>[\w-][\w.-]*(/[\w-][\w.-]*)?)(@(?P<commit>[0-9a-f]{40}))?")


def pinned(name: str) -> str:
    """A hub's name with the commit that is pinned here, `name@commit`; any other as it is."""
    return f"{name}@{REVISIONS[name]}" if name in REVISIONS else name


def resolved(path: str | Path) -> str:
    """A hub's name with its commit, `name@commit`, resolved if need be; a folder as it is.

    Raises:
        OSError, ValueError: as `source`.
    """
    found = source(path)
    return "@".join(found.values()) if "revision" in found else str(path)


def source(path: str | Path) -> dict[str, str]:
    """The arguments with which `from_pretrained` finds a checkpoint: a folder, or name and commit.

    Args:
        path: a folder, a hub's name, or `name@commit`.

    Raises:
        OSError, ValueError: the hub has no such name, or cannot be reached for its commit.
    """
    text = str(path)
    match = NAME.fullmatch(text)
    if not match or Path(text).is_dir():
        return {"pretrained_model_name_or_path": text}
    name = match["name"]
    commit = match["commit"] or REVISIONS.get(name) or _first_used(name)
    return {"pretrained_model_name_or_path": name, "revision": commit}


def _first_used(name: str) -> str:
    """The commit that the first use on this machine resolved, kept in the hub's cache."""
    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")
    kept = folder / KEPT
    if kept.is_file():
        commit = kept.read_text(encoding="utf-8").strip()
        if not COMMIT.fullmatch(commit):
            raise ValueError(f"{kept} holds {commit[:50]!r}, not a commit; correct or delete it")
        return commit
    # of the hub's main branch, or without a network of what the cache has of it
    commit = Path(hf_hub_download(name, "config.json")).parent.name
    with contextlib.suppress(OSError):  # a cache that cannot be written does not change, either
        write_text(kept, commit)
    return commit
