import pytest

from llmcost.core import errors
from llmcost.core.errors import nearest


@pytest.mark.parametrize(
    ("kind", "code"),
    [(errors.LlmcostError, 1), (errors.UsageError, 2), (errors.ConfigError, 2), (errors.DataError, 6),
     (errors.LedgerError, 1), (errors.LedgerFileError, 2)],
)  # fmt: skip
def test_every_error_knows_its_exit_code(kind: type[errors.LlmcostError], code: int) -> None:
    error = kind("what", "do")
    assert (error.message, error.hint, str(error), int(error.exit_code)) == ("what", "do", "what", code)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("modle", "; did you mean 'model'?"), ("applicaton", ""), ("projects", "; did you mean 'project'?"), ("", ""),
     ("\x1b[31m", "")],
)  # fmt: skip
def test_the_nearest_name_is_offered_or_none(name: str, expected: str) -> None:
    assert nearest(name, ("model", "project", "user")) == expected
    assert nearest(name, iter(["model", "project", "user"])) == expected
