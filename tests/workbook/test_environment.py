import subprocess

import pytest

from lib.workbook import environment, version_control


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(version_control, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text("torch\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def test_the_commit_is_recorded(repository):
    assert len(environment.describe_environment()["commit"]) == 40


def test_a_clean_tree_is_clean(repository):
    assert environment.describe_environment()["dirty_hash"] == "clean"


def test_a_changed_tree_is_dirty(repository):
    (repository / "requirements.txt").write_text("numpy\n")
    assert environment.describe_environment()["dirty"] is True


def test_other_changes_have_another_hash(repository):
    hashes = set()
    for text in ("numpy\n", "scipy\n"):
        (repository / "requirements.txt").write_text(text)
        hashes.add(environment.describe_environment()["dirty_hash"])
    assert len(hashes) == 2


def test_without_git_the_record_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(version_control, "ROOT", tmp_path)
    (tmp_path / "requirements.txt").touch()
    assert environment.describe_environment()["commit"] == "no git"


def test_packages_are_recorded():
    assert environment.describe_environment()["packages"]["torch"].startswith("2.")
