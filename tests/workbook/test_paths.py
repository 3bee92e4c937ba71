from lib.workbook.paths import cache, outputs


def test_the_cache_lies_in_the_outputs(monkeypatch, tmp_path):
    monkeypatch.delenv("WORKBOOK_CACHE", raising=False)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    assert cache() == tmp_path / "cache"


def test_the_cache_may_lie_elsewhere(monkeypatch, tmp_path):
    """A class shares one cache, and each has outputs of their own."""
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "mine"))
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "class"))
    assert (cache(), outputs()) == (tmp_path / "class", tmp_path / "mine")
