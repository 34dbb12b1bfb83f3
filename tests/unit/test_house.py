"""The house rules that a machine can check: arrows between rooms, purity, sizes, words."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from streams.metric_names import DEFINITIONS

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ("features", "online_models", "coupons", "simulation")
ROOMS = ("streams", *DOMAIN)

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40

# What may be longer than a file should be, and why.
LONG_FILES: dict[str, str] = {
    "online_models/response.py": "one estimator: its verbs share the same cached weights",
    "streams/settings.py": "one class holds every setting, each with unit, default and meaning",
    "streams/transport.py": "consumer, transport and driver of Faust are replaced as one whole",
    "streams/wire.py": "the only file that knows JSON, both ways",
}

# Who may catch everything without raising it again, and why.
BROAD_CATCHES = {
    "streams/brokers/reach.py": "carries whatever happened in its thread to the caller's",
}

FAUST = frozenset(
    f"streams/{name}.py"
    for name in (
        *("app", "agents", "chunks", "engine", "intake", "ownership", "recovery", "transport"),
        *("fetch_sessions", "fetches", "table", "worker"),
    )
)
# Who may import what; a library that is not named here may be imported by all of `streams`.
ONLY: dict[str, frozenset[str]] = {
    "faust": FAUST,
    "orjson": frozenset({"streams/wire.py"}),
    "msgspec.json": frozenset({"streams/wire.py"}),
    # A snapshot's digest is over its canonical JSON.
    "json": frozenset({"streams/wire.py", "online_models/snapshot.py"}),
    "prometheus_client": frozenset({"streams/metrics.py", "streams/distribution.py"}),
    "confluent_kafka": frozenset(
        {
            *("streams/brokers/embedded.py", "streams/changelog.py"),
            *("streams/rights.py", "streams/transactions.py"),
        }
    ),
    "importlib.import_module": frozenset({"streams/cli.py"}),
    "pickle": frozenset(),
    "cPickle": frozenset(),
    "dill": frozenset(),
    "joblib": frozenset(),
    "marshal": frozenset(),
    "shelve": frozenset(),
}
# What knows a clock, chance, a file, a socket or a process: not for what must repeat itself.
IMPURE = frozenset(
    "asyncio io logging multiprocessing os pathlib secrets shutil socket subprocess sys tempfile"
    " threading time urllib uuid".split()
)
IMPURE_CALLS = frozenset({"hash", "input", "open", "print"})
IMPURE_METHODS = frozenset({"now", "today", "utcnow", "uuid4", "urandom", "getrandbits"})
FORBIDDEN_CALLS = frozenset({"eval", "exec", "__import__"})
UNSAFE_YAML = frozenset({"load", "load_all", "full_load", "unsafe_load"})
UNUSED_WORDS = frozenset(
    "utils helpers common base core manager service handler process data info".split()
)


@cache
def sources() -> tuple[str, ...]:
    """Give every Python file of the rooms, as a path from the root."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    return tuple(path.relative_to(ROOT).as_posix() for path in paths)


@cache
def tree(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"))


def pure_sources() -> list[str]:
    rooms = [source for source in sources() if source.split("/")[0] in DOMAIN]
    return [*rooms, "streams/flow.py"]


def imports(source: str) -> Iterator[str]:
    """Give the dotted names that a file imports, each with what it takes from them."""
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(source: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(source)) if isinstance(node, ast.Call))


def callee(call: ast.Call) -> tuple[str, str]:
    """Give (object, method) of a call, or ("", function); `self.a.b()` is ("a", "b")."""
    if isinstance(call.func, ast.Name):
        return "", call.func.id
    if not isinstance(call.func, ast.Attribute):
        return "?", "?"
    owner = call.func.value
    name: str = getattr(owner, "id", getattr(owner, "attr", "?"))
    return name, call.func.attr


def found(sources: Iterable[str], rule: Callable[[str], Iterator[str]]) -> list[str]:
    return [f"{source}: {what}" for source in sources for what in rule(source)]


def assert_none(findings: list[str]) -> None:
    assert not findings, "\n" + "\n".join(sorted(findings))


def test_arrows_between_rooms_only_fall() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", ONLY)
def test_a_library_is_met_only_where_it_belongs(name: str) -> None:
    strangers = [
        source
        for source in sources()
        if source not in ONLY[name]
        and any(f"{dotted}.".startswith(f"{name}.") for dotted in imports(source))
    ]
    assert_none(strangers)


def test_what_must_repeat_itself_knows_no_clock_no_chance_and_no_machine() -> None:
    def rule(source: str) -> Iterator[str]:
        for dotted in imports(source):
            room = dotted.split(".")[0]
            if room in IMPURE or (room == "random" and dotted != "random.Random"):
                yield f"imports {dotted}"
        for call in calls(source):
            owner, name = callee(call)
            if (owner == "" and name in IMPURE_CALLS) or (owner and name in IMPURE_METHODS):
                yield f"line {call.lineno} calls {name}()"
            if name == "Random" and not call.args:
                yield f"line {call.lineno} draws without a seed"

    assert_none(found(pure_sources(), rule))


def test_nothing_executes_text_or_loads_yaml_unsafely() -> None:
    def rule(source: str) -> Iterator[str]:
        for call in calls(source):
            owner, name = callee(call)
            if owner == "" and name in FORBIDDEN_CALLS:
                yield f"line {call.lineno} calls {name}()"
            if owner == "yaml" and name in UNSAFE_YAML:
                yield f"line {call.lineno} calls yaml.{name}()"

    assert_none(found(sources(), rule))


def test_nothing_is_imported_inside_a_function() -> None:
    def rule(source: str) -> Iterator[str]:
        for function in functions(source):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"line {node.lineno}"

    assert_none(found(sources(), rule))


def test_no_error_is_caught_without_being_named_or_raised_again() -> None:
    def rule(source: str) -> Iterator[str]:
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.ExceptHandler) and source not in BROAD_CATCHES:
                named = ast.unparse(node.type) if node.type else "everything"
                broad = named in ("everything", "Exception", "BaseException")
                if broad and not raises_again(node):
                    yield f"line {node.lineno} catches {named}"

    assert_none(found(sources(), rule))


def raises_again(caught: ast.ExceptHandler) -> bool:
    last = caught.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def test_files_are_short_or_say_why_not() -> None:
    lengths = {
        source: len((ROOT / source).read_text(encoding="utf-8").splitlines())
        for source in sources()
    }
    long = {source for source, count in lengths.items() if count > MAX_FILE_LINES}
    unexplained = [f"{source} has {lengths[source]} lines" for source in long - set(LONG_FILES)]
    assert_none(unexplained + [f"{source} is short" for source in set(LONG_FILES) - long])


def test_functions_are_short() -> None:
    def rule(source: str) -> Iterator[str]:
        for function in functions(source):
            count = body_lines(function)
            if count > MAX_FUNCTION_LINES:
                yield f"{function.name} has {count} lines"

    assert_none(found(sources(), rule))


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body, its docstring left out."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_files_and_classes_have_names_that_say_something() -> None:
    def rule(source: str) -> Iterator[str]:
        if Path(source).stem in UNUSED_WORDS:
            yield "the file's name"
        for node in ast.walk(tree(source)):
            if isinstance(node, ast.ClassDef) and node.name.lower() in UNUSED_WORDS:
                yield f"class {node.name}"

    assert_none(found(sources(), rule))


def test_every_file_says_why_it_exists() -> None:
    silent = [source for source in sources() if not ast.get_docstring(tree(source))]
    assert_none(silent)


def test_nothing_is_left_to_be_done() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")

    def rule(source: str) -> Iterator[str]:
        text = (ROOT / source).read_text(encoding="utf-8")
        yield from (mark for mark in marks if mark in text)

    assert_none(found(sources(), rule))


@cache
def pins(lock: str) -> dict[str, str]:
    """Give what a lock pins: library -> version."""
    lines = (ROOT / "locks" / lock).read_text(encoding="utf-8").splitlines()
    pinned = (line.split(" ")[0].split("==") for line in lines if line[:1].isalnum())
    return {name.split("[")[0]: version for name, version in pinned}


def test_both_locks_pin_the_same_versions_of_what_the_product_needs() -> None:
    run, dev = pins("run.txt"), pins("dev.txt")
    assert {"faust-streaming", "river", "aiokafka", "confluent-kafka"} <= set(run)
    assert run.items() <= dev.items()


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt", "audit.txt"])
def test_a_lock_hashes_everything_and_names_no_registry(lock: str) -> None:
    text = (ROOT / "locks" / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [entry.split("\n")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_a_metric_that_is_fed_exists() -> None:
    names = {definition.name for definition in DEFINITIONS}
    fed: set[object] = set()

    def rule(source: str) -> Iterator[str]:
        for call in calls(source):
            owner, verb = callee(call)
            first = call.args[0] if call.args else None
            if owner in ("tally", "metrics") and verb in ("add", "observe", "set"):
                if isinstance(first, ast.Constant):
                    fed.add(first.value)
                    if first.value not in names:
                        yield f"line {call.lineno} feeds {first.value!r}"

    assert_none(found(sources(), rule))
    assert len(fed) > 10
