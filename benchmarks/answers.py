"""Every answer of the demo at a pretended time, as files: what shows that a refactoring changed nothing.

`python -m benchmarks.answers record FOLDER` in the old code, and into another folder in the new; then
`python -m benchmarks.answers compare OLD NEW` tells what differs, and its exit code is 1 if anything does.
"""

import argparse
import contextlib
import difflib
import hashlib
import io
import itertools
import logging
import re
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from werkzeug.test import TestResponse

from benchmarks.tools import demo_day
from benchmarks.tools.demo_day import Step
from benchmarks.tools.links import addresses_on
from benchmarks.tools.visitors import Demo, Impossible, Pretended, Reader, made_of_rows

LANGUAGES = ("vi", "en")
MOST_FOUND, MOST_MADE = 20, 10
"""Of a rule, for a reader, language and time: so many addresses that pages lead to, and so many made of rows."""
HEADERS = ("Content-Type", "Content-Disposition", "Location", "Cache-Control", "Vary")
A_ROUND = timedelta(minutes=9)
TEXT = ("text/", "application/json", "application/javascript", "image/svg+xml")
TOKEN = re.compile(r'(name="csrf_token"[^>]* value=")[^"]+')
PUBLIC_FEED = re.compile(r"/(kits|communes)/[^/]+\.ics")
"""The same for everybody, and long in the making."""
LONGEST_NAME, MOST_NAMES, MOST_LINES, LONGEST_LINE = 150, 4, 12, 180


def told(what: str, answer: TestResponse) -> str:
    """An answer in lines, without what is another one each time."""
    cookies = sorted(cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie"))
    lines = [what, answer.status, *(f"{name}: {answer.headers[name]}" for name in HEADERS if name in answer.headers)]
    lines += [f"ETag: {'ETag' in answer.headers}", f"Set-Cookie: {', '.join(cookies)}", "", _body(answer), ""]
    return "\n".join(lines)


def _body(answer: TestResponse) -> str:
    kind = answer.mimetype or ""
    if kind.startswith(TEXT):
        return TOKEN.sub(r"\1TOKEN", answer.text)
    if kind.endswith("sheet"):  # A folder with the machine's time in its docProps.
        with zipfile.ZipFile(io.BytesIO(answer.data)) as sheet:
            return "\n".join(f"{f.filename} {f.CRC}" for f in sheet.infolist() if "docProps" not in f.filename)
    return hashlib.sha256(answer.data).hexdigest()


def write(folder: Path, name: str, text: str) -> None:
    name = quote(name, safe=" =?&,:+{}").replace("%2F", "~")
    if len(name) > LONGEST_NAME:
        name = name[:LONGEST_NAME] + hashlib.sha256(name.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.txt").write_text(text, newline="")


def starts(reader: Reader, *, is_over: bool) -> list[str]:
    """What a reader opens without having found it, a new calendar of the reader's own included."""
    demo, found = reader.demo, []
    for path in demo_day.EVERYBODY:
        with contextlib.suppress(Impossible):
            found.append(path.format_map(demo))
    if reader.who in ("nobody", "household"):
        found += demo_day.SLOT_PAGES
    if reader.who == "clerk":
        found += [path for (path,) in demo.rows(demo_day.BOOKINGS_OF_LATE if is_over else demo_day.ALL_BOOKINGS)]
    reader.go("/calendar")
    with contextlib.suppress(Impossible):
        reader.press("/calendar")
        found += re.findall(r"/feeds/[\w-]+\.ics", reader.answer.text)
    return list(dict.fromkeys([*found, *made_of_rows(demo, MOST_MADE)]))


def crawl(reader: Reader, folder: Path, *, is_over: bool) -> None:
    """Write down every answer, from the starts on along all links."""
    demo, passer_by = reader.demo, Reader(reader.demo, "nobody", reader.language)
    left = deque(starts(reader, is_over=is_over))
    opened, known, found = frozenset(left), set(left), Counter[str]()
    while left:
        path = left.popleft()
        if PUBLIC_FEED.match(path) and reader.who not in ("nobody", "clerk"):
            continue
        if path not in opened:
            rule = demo.rule(path)
            found[rule] += 1
            if not rule or found[rule] > MOST_FOUND:
                continue
        # Whoever chooses a language sees all else in it.
        answer = (passer_by if path.startswith("/language/") else reader).ask(path)
        text = told(path, answer)
        if tag := answer.headers.get("ETag"):
            text += f"If-None-Match: {reader.ask(path, if_none_match=tag).status}\n"
        write(folder, path, text)
        page = answer.text if answer.mimetype == "text/html" else ""
        for to in addresses_on(path, page, answer.location or ""):
            if to not in known:
                known.add(to)
                left.append(to)


def act(demo: Demo, language: str, folder: Path) -> None:
    """Write down what comes of each step of the day: the answer, where it led, and the texts that were sent."""
    readers: dict[str, Reader] = {}
    for number, step in enumerate(demo_day.DAY, 1):
        try:
            lines = _done(demo, language, step, readers)
        except Impossible as problem:
            print(f"step {number} of {step.who}: {problem}")
            lines = [f"impossible: {problem}"]
        write(folder, f"{number:03} {step.who} {step.page} {step.action or ''}".strip(), "\n".join([*lines, ""]))
    write(folder, "texts", "\n".join(map(str, demo.rows(demo_day.TEXTS))))


def _done(demo: Demo, language: str, step: Step, readers: dict[str, Reader]) -> list[str]:
    if step.who == "time":
        readers.clear()  # Staff are signed out in the evening.
        return list(_until(demo, datetime.fromisoformat(step.page)))
    if step.who == "sql":
        return list(map(str, demo.rows(step.page)))
    if step.who not in readers:
        readers[step.who] = Reader(demo, step.who, language)
    reader, lines = readers[step.who], []
    if step.page:
        reader.go(step.page.format_map(demo))
    if step.action is not None:
        typed = {n: v.format_map(demo) if isinstance(v, str) else v() for n, v in step.typed.items()}
        lines.append(told(*reader.press(step.action.format_map(demo), **typed)))
    return [*lines, told(reader.path, reader.answer), *demo.work()]


def _until(demo: Demo, end: datetime) -> Iterator[str]:
    """What a worker sends that never rests for long; after a longer rest it gives people time to answer."""
    for round_ in itertools.count():
        demo.world.now = min(end, demo.world.now + (A_ROUND if round_ else timedelta()))
        yield from (f"{demo.world.now:%d/%m %H:%M} {text}" for text in demo.work())
        if demo.world.now == end:
            return


def record(folder: Path) -> None:
    with ProcessPoolExecutor(len(LANGUAGES)) as processes:
        found = list(processes.map(record_in, LANGUAGES, [folder] * len(LANGUAGES)))
    statuses = {rule: set[int]().union(*(statuses[rule] for statuses in found)) for rule in found[0]}
    print(f"{sum(1 for _ in folder.rglob('*.txt')):,} answers in {folder}")
    print("Never asked:", ", ".join(rule for rule, seen in statuses.items() if not seen) or "none")
    print("Never shown:", ", ".join(rule for rule, seen in statuses.items() if seen and 200 not in seen) or "none")
    print("Failed:", ", ".join(rule for rule, seen in statuses.items() if 500 in seen) or "none")


def record_in(language: str, folder: Path) -> dict[str, set[int]]:
    """The pages in the morning, the day, and the pages afterwards; gives what came of each rule."""
    logging.basicConfig(level=logging.WARNING)
    world = Pretended(datetime.fromisoformat(demo_day.BEGINS))
    with tempfile.TemporaryDirectory(prefix="kit-answers-") as temporary, world.reigning():
        first = Demo(Path(temporary), world)
        _crawl_all(first, language, folder, "", is_over=False)
        after = Demo(Path(temporary), world, first)
        act(after, language, folder / "the day" / language)
        _crawl_all(after, language, folder, ", afterwards", is_over=True)
    rules = sorted(rule.rule for rule in first.app.url_map.iter_rules() if "GET" in (rule.methods or ()))
    return {rule: first.statuses[rule] for rule in rules}


def _crawl_all(demo: Demo, language: str, folder: Path, when: str, *, is_over: bool) -> None:
    """Each reader on a copy of its own, for looking at a household leaves a line behind."""
    for who in demo_day.READERS:
        try:
            reader = Reader(Demo(demo.file.parent, demo.world, demo), who, language)
            crawl(reader, folder / f"{who}{when}" / language, is_over=is_over)
        except Impossible as problem:
            print(f"{who}{when}: {problem}")


def compare(old: Path, new: Path) -> int:
    """How many answers differ; those that differ in the same way are told together."""
    names = {str(file.relative_to(folder)) for folder in (old, new) for file in folder.rglob("*.txt")}
    alike = defaultdict[tuple[str, ...], list[str]](list)
    for name in sorted(names):
        before, after = (_lines(folder / name) for folder in (old, new))
        if before != after:
            alike[_difference(before, after)].append(name)
    for lines, where in sorted(alike.items(), key=lambda group: -len(group[1])):
        print(f"{len(where)} × {'; '.join(where[:MOST_NAMES])}{' …' if len(where) > MOST_NAMES else ''}")
        print("\n".join(f"    {line[:LONGEST_LINE]}" for line in lines), end="\n\n")
    count = sum(map(len, alike.values()))
    print(f"{count} of {len(names)} answers differ, in {len(alike)} ways")
    return count


def _lines(file: Path) -> list[str] | None:
    return file.read_bytes().decode().split("\n") if file.exists() else None  # Line ends of feeds count.


def _difference(before: list[str] | None, after: list[str] | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ("only in the new folder" if before is None else "only in the old folder",)
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    return tuple([line for line in lines if not line.startswith("@@")][:MOST_LINES])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("command", choices=["record", "compare"], nargs="?")
    arguments.add_argument("folders", type=Path, nargs="*")
    chosen = arguments.parse_args()
    match chosen.command, chosen.folders:
        case "record", [folder] if not folder.exists():
            record(folder)
        case "compare", [old, new] if old.is_dir() and new.is_dir():
            sys.exit(bool(compare(old, new)))
        case None, []:  # From `make bench`: there is nothing to measure here.
            arguments.print_help()
        case _:
            arguments.error("record takes a folder that is not there yet, compare takes two that are")


if __name__ == "__main__":
    main()
