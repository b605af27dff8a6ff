"""`python -m bot ask`: questions on the command line."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import BUILT, bot_process, environment

from bot.asking import Asker, _answer_lines
from bot.commands import main
from policies_kb.knowledge import KnowledgeBase
from tickets.store import Store

PROJECT = Path(__file__).resolve().parents[2]
MEALPOT = PROJECT / "quality" / "newcomers" / "mealpot.txt"
LINES = [
    json.dumps({"id": "rec", "text": "do you record calls?"}),
    json.dumps({"id": "del", "text": "please delete my account"}),
    json.dumps({"id": 7, "text": "hello"}),
    json.dumps({"id": "out", "text": "what's the weather like in Lisbon tomorrow?"}),
    "",
    json.dumps({"id": "empty", "text": "  "}),
    json.dumps({"id": "long", "text": "word " * 2000}),
    json.dumps({"id": "again", "text": "what happened to my request?"}),
]
BAD = [
    "{not json",
    "[]",
    '"text"',
    json.dumps({"id": "x"}),
    json.dumps({"text": "x"}),
    json.dumps({"id": 1, "text": 5}),
]
TOP = ["id", "intent", "topics", "answer", "request", "reply"]
QUOTE = {"clause", "section", "text", "start", "end", "version", "url"}


def ended(process: subprocess.Popen[str], given: str = "") -> tuple[int, str, str]:
    out, error = process.communicate(given, timeout=120)
    return process.returncode, out, error


@pytest.fixture(scope="module")
def runs(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, str, str, Path]]]:
    """The three real runs, side by side because each loads the assistant."""
    calls = {
        "single": (["--policy", "klasso", "do you record calls?"], ""),
        "lines": (["--policy", "klasso", "--jsonl"], "\n".join([*LINES, *BAD]) + "\n"),
        "file": (["--policy-file", str(MEALPOT), "--name", "Mealpot", "--jsonl"], _mealpot_lines()),
    }
    folders = {name: tmp_path_factory.mktemp(name) for name in calls}
    processes = {name: bot_process(["ask", *arguments], folders[name]) for name, (arguments, _) in calls.items()}
    yield {name: (*ended(processes[name], calls[name][1]), folders[name]) for name in calls}


def _mealpot_lines() -> str:
    records = [json.loads(line) for line in MEALPOT.with_suffix(".jsonl").read_text("utf-8").splitlines()][::3]
    return "".join(json.dumps({"id": record["id"], "text": record["text"]}) + "\n" for record in records)


def records(run: tuple[int, str, str, Path]) -> dict[Any, dict[str, Any]]:
    return {record["id"]: record for record in map(json.loads, run[1].splitlines())}


def test_a_single_question_is_answered_in_words(runs: Any, knowledge: KnowledgeBase) -> None:
    code, out, error, _ = runs["single"]
    assert (code, error) == (0, "")
    assert out.startswith("No, Klasso's privacy policy says it does not:")
    quoted = out.split("“", 1)[1].split("”", 1)[0]
    assert quoted in knowledge.get("klasso").current.source and "/p/klasso/2026-04#" in out


def test_each_line_gets_one_line_in_order_with_the_promised_fields(runs: Any) -> None:
    found = [json.loads(line) for line in runs["lines"][1].splitlines()]
    assert [record["id"] for record in found] == ["rec", "del", 7, "out", "empty", "long", "again"]
    for record in found:
        assert list(record) == TOP and isinstance(record["reply"], str) and record["reply"]
        assert all(set(entry) == {"topic", "score"} for entry in record["topics"])
        if record["answer"] is not None:
            assert {"kind", "quotes"} <= set(record["answer"])
            assert all(set(quote) >= QUOTE for quote in record["answer"]["quotes"])
        if record["request"] is not None:
            assert set(record["request"]) == {"rights", "reference"} and record["request"]["rights"]


def test_a_question_and_a_request_are_told_apart(runs: Any) -> None:
    found = records(runs["lines"])
    assert found["rec"]["intent"] == "ask_policy" and found["rec"]["request"] is None
    assert found["rec"]["answer"]["kind"] == "denies"
    assert found["rec"]["topics"][0]["topic"] == "first_party_collection.calls_recordings"
    assert found["del"]["intent"] == "request"
    assert found["del"]["request"] == {"rights": ["deletion"], "reference": None}
    assert (found[7]["intent"], found["out"]["intent"]) == ("small_talk", "out_of_scope")
    assert found["out"]["answer"] is found["out"]["request"] is found[7]["answer"] is None


def test_a_line_that_cannot_be_taken_says_why_and_the_others_are_answered(runs: Any) -> None:
    found = records(runs["lines"])
    assert found["empty"]["intent"] is None and "empty" in found["empty"]["reply"]
    assert found["long"]["answer"] is None and "4,000" in found["long"]["reply"]


def test_each_line_is_a_conversation_of_its_own(runs: Any) -> None:
    assert "no request in this conversation" in records(runs["lines"])["again"]["reply"]


def test_bad_lines_are_counted_named_and_not_repeated(runs: Any) -> None:
    code, _, error, _ = runs["lines"]
    assert code == 1 and "Traceback" not in error
    first = len(LINES) + 1
    assert [line.partition(":")[0] for line in error.splitlines()] == [f"line {first + n}" for n in range(len(BAD))]


def test_a_wish_is_answered_with_the_policys_words_and_the_offer(runs: Any, knowledge: KnowledgeBase) -> None:
    wish = records(runs["lines"])["del"]
    source = knowledge.get("klasso").current.source
    assert wish["answer"]["quotes"] and all(quote["text"] in source for quote in wish["answer"]["quotes"])
    assert "Shall I open a request for you (deletion)?" in wish["reply"]


def test_asking_files_nothing_and_leaves_nothing_behind(runs: Any) -> None:
    assert records(runs["lines"])["del"]["request"] is not None
    folder = runs["lines"][3]
    assert not (folder / "privacy-desk.db").exists()
    assert {path.name for path in (folder / "data").iterdir()} <= {*BUILT, "secret"}


def test_a_policy_from_a_file_is_quoted_at_the_right_places(runs: Any) -> None:
    code, _, error, _ = runs["file"]
    assert (code, error) == (0, "")
    source, quotes = MEALPOT.read_text("utf-8"), 0
    for record in records(runs["file"]).values():
        for quote in (record["answer"] or {"quotes": []})["quotes"]:
            assert source[quote["start"] : quote["end"]] == quote["text"]
            assert quote["version"] == "text" and "/file-mealpot/" in quote["url"]
            quotes += 1
        for name in ("Klasso", "Classtime", "Klasterina", "KloudTalk", "Klantra"):
            assert name not in record["reply"]
    assert len(records(runs["file"])) == len(_mealpot_lines().splitlines()) > 10 and quotes > 10


def test_a_file_is_called_by_its_given_name(runs: Any) -> None:
    answered = [record["reply"] for record in records(runs["file"]).values() if record["answer"]]
    assert sum("Mealpot" in reply for reply in answered) > len(answered) / 2


# --- refusals, in this process -------------------------------------------------------------------------------------


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("bot.commands._quiet", lambda: None)

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["ask", *arguments], 0.0)
        return code, capsys.readouterr().err

    yield run


def one_sentence(error: str) -> bool:
    return len(error.strip().splitlines()) == 1 and error.startswith("privacy desk: ") and "Traceback" not in error


def test_an_unknown_policy_is_told_with_those_that_are_there(ask: Any) -> None:
    code, error = ask("--policy", "nowhere", "hello")
    assert code == 2 and one_sentence(error) and "nowhere" in error and "klasso" in error


def test_a_missing_file_is_told(ask: Any, tmp_path: Path) -> None:
    code, error = ask("--policy-file", str(tmp_path / "missing.txt"), "hello")
    assert code == 2 and one_sentence(error) and "missing.txt" in error


def test_a_folder_is_no_policy(ask: Any, tmp_path: Path) -> None:
    code, error = ask("--policy-file", str(tmp_path), "hello")
    assert code == 2 and one_sentence(error)


@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\x00\xff", b"text\x00text", b"caf\xe9", b"", b" \n "])
def test_a_file_that_is_no_text_is_told(ask: Any, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "policy.bin").write_bytes(raw)
    code, error = ask("--policy-file", str(tmp_path / "policy.bin"), "hello")
    assert code == 2 and one_sentence(error) and "policy.bin" in error


def test_a_text_without_a_sentence_is_told_or_compiled(ask: Any, tmp_path: Path, monkeypatch: Any) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.asking.ensure_model_apart", stop)
    (tmp_path / "odd.txt").write_text("¶ § ¤", "utf-8")
    code, error = ask("--policy-file", str(tmp_path / "odd.txt"), "hello")
    assert code in (2, 130) and (code == 130 or one_sentence(error))


def test_no_question_is_told(ask: Any) -> None:
    code, error = ask("--policy", "klasso")
    assert code == 2 and one_sentence(error) and "give a question" in error


@pytest.mark.parametrize("arguments", [[], ["hello"], ["--policy", "klasso", "--policy-file", "x", "hello"]])
def test_a_wrong_call_shows_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["ask", *arguments], 0.0)
    assert stopped.value.code == 2 and "usage: python -m bot ask" in capsys.readouterr().err


def test_a_single_wish_is_offered_and_told_where_it_can_be_opened(
    ask: Any, tmp_path: Path, model_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "--policy", "klasso", "please delete my account"], 0.0) == 0
    said = capsys.readouterr()
    assert "Shall I open a request for you (deletion)?" in said.out
    assert one_sentence(said.err) and "make run" in said.err
    assert not (tmp_path / "privacy-desk.db").exists()


def test_while_the_product_is_served_questions_are_answered_and_its_store_is_left_alone(
    ask: Any, tmp_path: Path, model_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store(f"sqlite:///{tmp_path / 'privacy-desk.db'}") as held:
        held.migrate()
        before = (tmp_path / "privacy-desk.db").read_bytes()
        assert main(["ask", "--policy", "klasso", "do you record calls?"], 0.0) == 0
        assert capsys.readouterr().out.startswith("No, ")
        assert ask("--policy", "klasso", "please delete my account")[0] == 0
        assert (tmp_path / "privacy-desk.db").read_bytes() == before


def test_there_is_no_flag_that_would_file(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["ask", "--policy", "klasso", "--file-requests", "hello"], 0.0)
    assert stopped.value.code == 2 and "--file-requests" in capsys.readouterr().err


def test_lines_are_answered_as_they_come(parts: Any) -> None:
    """A program that sends one line and waits must get its answer before it sends the next."""
    target = io.StringIO()

    def lines() -> Iterator[str]:
        yield json.dumps({"id": 1, "text": "hello"})
        assert target.getvalue().count("\n") == 1
        yield json.dumps({"id": 2, "text": "thanks"})

    assert asyncio.run(_answer_lines(Asker(parts, "klasso", ""), lines(), target)) == 0  # type: ignore[arg-type]
    assert target.getvalue().count("\n") == 2
