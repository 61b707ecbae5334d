from fractions import Fraction
from pathlib import Path

import pytest

from llmcost.breakeven import defaults
from llmcost.breakeven.evidence_file import load
from llmcost.breakeven.evidence_store import Question, answer
from llmcost.core.errors import UsageError

ASKED = Question(input_share=Fraction(3, 4))


def test_a_kept_answer_is_the_answer(tmp_path: Path) -> None:
    expected = defaults.answer(load(), ASKED)
    assert answer(ASKED, [], cache_dir=tmp_path) == expected
    (kept,) = tmp_path.iterdir()
    assert answer(ASKED, [], cache_dir=tmp_path) == expected
    assert list(tmp_path.iterdir()) == [kept]
    assert answer(ASKED, [], cache_dir=None) == expected


@pytest.mark.parametrize(
    "other",
    [
        ASKED._replace(gpu="h200"), ASKED._replace(input_share=Fraction(1, 2)), ASKED._replace(rates=False),
        ASKED._replace(precision="fp8"), ASKED._replace(gpus=2), ASKED._replace(model="llama-3.1-8b"),
    ],
)  # fmt: skip
def test_another_question_has_an_answer_of_its_own(tmp_path: Path, other: Question) -> None:
    answer(ASKED, [], cache_dir=tmp_path)
    assert answer(other, [], cache_dir=tmp_path) == defaults.answer(load(), other)
    assert len(list(tmp_path.iterdir())) == 2


def test_no_answer_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown GPU"):
        answer(Question(gpu="x100"), [], cache_dir=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"", b"{", b"[[],[],[]]", b'[[{"a":1},{}],[{},{}],[{},{}],""]', b"\xff"])
def test_a_damaged_file_is_written_again(tmp_path: Path, damage: bytes) -> None:
    answer(ASKED, [], cache_dir=tmp_path)
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(damage)
    assert answer(ASKED, [], cache_dir=tmp_path) == defaults.answer(load(), ASKED)
    assert kept.read_bytes() == whole


def test_a_person_s_own_rows_are_never_kept(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("gpus: [{name: mine, memory_gb: 1, assumption: true, reason: test}]\n")
    cache = tmp_path / "cache"
    assert answer(Question(gpu="mine", rates=False), [own], cache_dir=cache).not_ownable
    assert not cache.exists()
