import pytest

from lib.languages import LANGUAGES, language


def test_gmu_pairs_and_it_ist_targets_are_in_the_table():
    from lib.recipes.gmu import PAIRS

    assert len(PAIRS) == 9
    assert {code for pair in PAIRS for code in pair} <= LANGUAGES.keys()


def test_what_seamless_knows_of_gmus_sources():
    assert {code for code in ("est", "gle", "mar", "mlt") if language(code).seamless} == {"est", "gle", "mar", "mlt"}
    assert not any(language(code).seamless for code in ("aeb", "bem", "bho", "fon", "que"))
    assert language("zho").token == "__cmn__" and language("que").token == "__que__"


@pytest.mark.parametrize("code, hint", [("es", "'spa'"), ("Estonian", "'est'"), ("xyz", "add a row")])
def test_unknown_language_says_what_to_do(code, hint):
    with pytest.raises(ValueError, match=hint):
        language(code)
