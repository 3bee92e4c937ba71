import pytest

from lib.corpora.sources.genders import gender_of


@pytest.mark.parametrize(
    "declared, gender",
    [
        ("FEMALE", "female"),  # FLEURS
        ("male_masculine", "male"),  # Common Voice
        (" F ", "female"),  # LibriSpeech
        ("OTHER", "other"),
        ("do_not_wish_to_say", ""),
        ("None", ""),  # VoxPopuli
        (None, ""),
    ],
)
def test_words_of_publishers_are_read(declared, gender):
    assert gender_of(declared) == gender
