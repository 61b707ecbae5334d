"""Enough of GitHub's runner to execute the example workflows: their scripts for real, `actions/*` in effigy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

EXAMPLES = Path(__file__).parents[2] / "examples" / "ci"
RUN = "4711"
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_PATH = re.compile(r"[a-z_]+(?:\.[\w-]+)+")


def load(name: str) -> Any:
    """A YAML file of the examples; its `on:` becomes the key True, as YAML 1.1 has it."""
    return yaml.safe_load((EXAMPLES / name).read_text("utf-8"))


def executable(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{script}\n", "utf-8")
    path.chmod(0o755)


def tools(folder: Path) -> None:
    """llmcost as it is here, and what a runner has that would use the network: pip, gh and curl."""
    executable(folder / "llmcost", f'exec "{sys.executable}" -m llmcost "$@"')
    executable(folder / "python", f'[ "$1 $2 $3" = "-m pip install" ] && echo "$@" >> "{folder}/pip"')
    executable(folder / "gh", f'echo "$@" >> "{folder}/gh.log"; cat "{folder}/runs" 2> /dev/null || true')
    executable(
        folder / "curl",
        f'echo "$@" >> "{folder}/curl.log"\nwhile [ "$1" != --output ]; do shift; done\ncp "{folder}/artifact" "$2"',
    )


def bash(script: Path, *arguments: str, bin_: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(script), *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, **environment, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip


class Ended(NamedTuple):
    code: int
    """Of the step that ended the job, else 0."""
    steps: list[str]
    """Names of the steps that were run."""
    log: str
    summary: str


@dataclass
class Runner:
    workspace: Path
    """The checkout."""
    folder: Path
    """For the runner's own files; emptied of nothing between jobs but RUNNER_TEMP."""
    github: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools(self.folder / "bin")

    def run(self, name: str, **inputs: str) -> Ended:
        """The one job of a workflow. `inputs` replace those it gives to our action."""
        (job,) = load(name)["jobs"].values()
        shutil.rmtree(self.folder / "temp", ignore_errors=True)
        (self.folder / "temp").mkdir()
        (self.folder / "summary").write_text("")
        contexts = {"github": self.github, "vars": self.variables, "runner": {"temp": str(self.folder / "temp")}}
        done: list[str] = []
        code, log = self._steps(job["steps"], contexts, done, inputs)
        return Ended(code, done, log, (self.folder / "summary").read_text("utf-8"))

    def _steps(
        self, steps: list[Any], contexts: dict[str, Any], done: list[str], inputs: dict[str, str]
    ) -> tuple[int, str]:
        contexts = {**contexts, "steps": {}}
        log = ""
        for step in steps:
            assert set(step) <= {"name", "id", "uses", "with", "run", "shell", "env", "if", "continue-on-error"}
            if "if" in step and not value(step["if"], contexts):
                continue
            done.append(step.get("name") or step["uses"])
            if "uses" in step:
                given = {key: filled(str(text), contexts) for key, text in step.get("with", {}).items()}
                code, said = self._uses(step["uses"], given, contexts, done, inputs)
            else:
                code, said, outputs = self._script(step, contexts)
                contexts["steps"][step.get("id", "")] = {"outputs": outputs}
            log += said
            if code and not step.get("continue-on-error"):
                return code, log
        return 0, log

    def _script(self, step: Any, contexts: dict[str, Any]) -> tuple[int, str, dict[str, str]]:
        assert step["shell"] == "bash"
        script, output = self.folder / "script.sh", self.folder / "output"
        script.write_text(step["run"], "utf-8")
        output.write_text("")
        environment = {
            **os.environ, **self.environment, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_ACTION_PATH": str(EXAMPLES), "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_REPOSITORY": self.github["repository"], "GITHUB_BASE_REF": self.github.get("base_ref", ""),
            "RUNNER_TEMP": contexts["runner"]["temp"],
            **{name: filled(str(text), contexts) for name, text in step.get("env", {}).items()},
        }  # fmt: skip
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.workspace, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        outputs = dict(line.partition("=")[::2] for line in output.read_text("utf-8").splitlines())
        return ran.returncode, ran.stdout + ran.stderr, outputs

    def _uses(
        self, action: str, given: dict[str, str], contexts: dict[str, Any], done: list[str], inputs: dict[str, str]
    ) -> tuple[int, str]:
        match action.partition("@")[0]:
            case "actions/checkout":
                assert given == {"fetch-depth": "0", "persist-credentials": "False"}
            case "actions/setup-python":
                assert given == {"python-version": "3.12"}
            case "actions/upload-artifact":
                kept = self.folder / "artifacts" / given["name"]
                kept.mkdir(parents=True, exist_ok=True)
                shutil.copy(given["path"], kept)
                self.artifacts[given["name"]] = kept
                (self.folder / "bin" / "runs").write_text(f"{RUN}\n")
            case "actions/download-artifact":
                assert (given["run-id"], given["github-token"]) == (RUN, self.github["token"])
                shutil.copytree(self.artifacts[given["name"]], given["path"])
            case "your-org/llmcost/examples/ci":
                return self._composite({**given, **inputs}, contexts, done)
            case _:
                raise AssertionError(f"no stand-in for {action}")
        return 0, ""

    def _composite(self, given: dict[str, str], contexts: dict[str, Any], done: list[str]) -> tuple[int, str]:
        action = load("action.yml")
        assert action["runs"]["using"] == "composite"
        assert set(given) <= set(action["inputs"])
        inputs = {}
        for name, described in action["inputs"].items():
            assert name in given or not described.get("required")
            inputs[name] = given[name] if name in given else filled(str(described["default"]), contexts)
        return self._steps(action["runs"]["steps"], {**contexts, "inputs": inputs}, done, {})


def filled(text: str, contexts: dict[str, Any]) -> str:
    """`text` with each `${{ … }}` in place of what it says."""
    made = _EXPRESSION.sub(lambda match: _shown(value(match[1], contexts)), text)
    assert "${{" not in text or made != text, f"not understood: {text}"
    return made


def _shown(found: Any) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def value(expression: str, contexts: dict[str, Any]) -> Any:
    """The value of an expression made of paths, texts, `==`, `!=` and `&&`; what does not exist is empty."""
    if " && " in expression:
        return all(value(part, contexts) for part in expression.split(" && "))
    for operator in (" == ", " != "):
        left, found, right = expression.partition(operator)
        if found:
            same = str(value(left, contexts)).lower() == str(value(right, contexts)).lower()
            return same == (operator == " == ")
    if expression.startswith("'"):
        assert re.fullmatch("'[^']*'", expression)
        return expression[1:-1]
    assert _PATH.fullmatch(expression), f"not understood: {expression}"
    name, *keys = expression.split(".")
    assert name in contexts, f"no context {name}"
    found_value: Any = contexts[name]
    for key in keys:
        found_value = found_value.get(key, "") if isinstance(found_value, dict) else ""
    return found_value
