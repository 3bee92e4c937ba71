import pytest

from lib.systems.zero_resource.sizes import count_sizes


@pytest.mark.parametrize(
    "hub, adapter, lora",
    [
        ("bigscience/mt0-xl", 18_878_464, 9_437_184),  # stated: 18.9 M and 9.4 M
        ("bigscience/mt0-xxl", 62_922_752, 18_874_368),  # stated: 62.9 M and 18.8 M
    ],
)
def test_parameters_are_those_of_the_paper(hub, adapter, lora):
    found = count_sizes(hub)
    assert (found.adapter, found.lora) == (adapter, lora)
    assert found.attention_blocks == 72


def test_the_language_models_have_their_published_sizes():
    found = [count_sizes(f"bigscience/mt0-{size}").language_model for size in ("xl", "xxl")]
    assert [round(count / 1e9, 1) for count in found] == [3.7, 12.9]
