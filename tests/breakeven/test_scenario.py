from pathlib import Path

import pytest

from llmcost.breakeven.scenario import read
from llmcost.core.errors import UsageError

ALL = """\
version: 1
note: what we pay
cached_share: '0.4'
peak_to_avg: 3
api: {input_tokens: 800, output_tokens: 200, price_in: '2.50', fte: 0.1}
hosted:
  gpu_hour: 2.95
  tok_s_total: '18650'
  volumes_M: [100, '1000']
  mix: 2:1
owned: {input_tokens: '800', server_price: 310000, peak_to_avg: 2}
"""


def test_sections_and_what_stands_above_them() -> None:
    found = read(ALL, "s.yaml")
    assert found.stated == {"api", "hosted", "owned"}
    assert {name: given.text for name, given in found.traffic.items()} == {
        "cached_share": "0.4", "input_tokens": "800", "output_tokens": "200", "volumes_M": "100, 1000", "mix": "2:1",
    }  # fmt: skip
    texts = {mode: {name: given.text for name, given in inputs.items()} for mode, inputs in found.modes.items()}
    assert texts == {
        "api": {"price_in": "2.50", "fte": "0.1"},
        "hosted": {"peak_to_avg": "3", "gpu_hour": "2.95", "tok_s_total": "18650"},
        "owned": {"peak_to_avg": "2", "server_price": "310000"},
    }
    assert found.modes["hosted"]["gpu_hour"] == ("2.95", "s.yaml:7: 'gpu_hour'", "s.yaml:7")
    assert found.conflict is None


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("price_in: 1", {"api"}), ("model: gpt-4o", {"api"}), ("gpu_hour: 1", {"hosted"}),
        ("server_price: 1", {"owned"}), ("tok_s_in: 1", set()), ("input_tokens: 5", set()), ("", set()),
    ],
)  # fmt: skip
def test_a_file_without_sections_describes_what_its_fields_are_of(text: str, stated: set[str]) -> None:
    assert read(text or "{}", "s.yaml").stated == stated


def test_sections_that_disagree_about_the_volume() -> None:
    text = "api: {input_tokens: %s, output_tokens: %s}\nowned: {input_tokens: 8_000, output_tokens: 2k}\n"
    assert read(text % ("8k", "2000"), "s.yaml").conflict is None
    same = read(text % ("800", "200"), "s.yaml").conflict
    assert same == ("s.yaml:2: 'input_tokens' '8_000' contradicts s.yaml:1: 'input_tokens' '800'", True)
    other = read(text % ("800", "2000"), "s.yaml").conflict
    assert other is not None
    assert not other.same_mix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu_huor: 1", "s.yaml:1: unknown key 'gpu_huor'; did you mean 'gpu_hour'?"),
        ("hosted: {gpu_hour: 1, price_in: 2}", "s.yaml:1: unknown key 'price_in'"),
        ("hosted: {cached_share: 0.5}", "s.yaml:1: unknown key 'cached_share'"),
        ("api:\n  months: 3", "s.yaml:2: unknown key 'months'"),
        ("version: 2", "s.yaml:1: unknown version '2'"),
        ("api: 5", "s.yaml:1: section 'api' must be a mapping of keys to values"),
        ("- 5", "s.yaml:1: a scenario must be a mapping of keys to values"),
        ("hosted: {gpu_hour: [1]}", "s.yaml:1: 'gpu_hour' must be text"),
        ("hosted: {gpu_hour: {a: 1}}", "s.yaml:1: 'gpu_hour' must be one value"),
        ("hosted: {volumes_M: [[1]]}", "s.yaml:1: 'volumes_M' must be a list of numbers"),
        ("hosted: {gpu_hour: ''}", "s.yaml:1: 'gpu_hour' is empty"),
        ("hosted: {mix: '1:2'}\nowned: {mix: '2:1'}", "s.yaml:2: 'mix' '2:1' contradicts s.yaml:1: 'mix' '1:2'"),
        ("api: {input_tokens: x}\nowned: {input_tokens: 5}", "s.yaml:1: 'input_tokens' 'x' is not a number of tokens"),
        ("gpu_hour: &a 1", "s.yaml:1: anchors and aliases are not supported"),
        ("gpu_hour: [", "s.yaml:2: not valid YAML"),
    ],
)
def test_what_is_no_scenario(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text, "s.yaml")
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_the_example_in_the_documentation_is_one() -> None:
    text = (Path(__file__).parents[2] / "docs" / "breakeven.md").read_text("utf-8")
    _, _, rest = text.partition("```yaml\n")
    found = read(rest.partition("```")[0], "docs/breakeven.md")
    assert found.stated == {"api", "hosted", "owned"}
