"""A program with piper's command line and flite's voice: what our shell around piper is tested with where piper itself
is not wanted (tests/ivr_bot/speech/test_piper.py has the real one).

Its flags, its reading of stdin line by line and what it logs are those of piper-tts 1.8.0. What its voice file holds
says how it behaves.
"""

from __future__ import annotations

import sys
from pathlib import Path

_SCRIPT = """\
import argparse, pathlib, subprocess, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--output-dir", required=True)
args = parser.parse_args()
voice = pathlib.Path(args.model).read_text()
started = pathlib.Path(args.model + ".started")
with started.open("a") as starts:
    starts.write("started\\n")
if voice == "broken":
    sys.exit("the voice cannot be loaded")
print("WARNING:root:there is no graphics card", file=sys.stderr, flush=True)
for line in sys.stdin:
    file = pathlib.Path(args.output_dir) / f"{time.monotonic_ns()}.wav"
    first = len(started.read_text().splitlines()) == 1
    if voice == "dies once" and first:
        sys.exit("out of memory")
    if voice == "hangs" or voice == "hangs once" and first:
        time.sleep(3600)
    if voice.startswith("slow with ") and voice.removeprefix("slow with ") in line:
        time.sleep(3)
    with pathlib.Path(args.model + ".said").open("a") as texts:
        texts.write(line)
    text = line.strip()[: 3 if voice == "stops early" else None]
    if voice != "mute":
        subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", str(file)], check=True)
    print(f"INFO:__main__:Wrote {file}", file=sys.stderr, flush=True)
"""


def piper_program(folder: Path) -> tuple[str, ...]:
    """The command that runs it."""
    script = folder / "piper.py"
    script.write_text(_SCRIPT)
    return sys.executable, str(script)


def starts(voice: Path) -> int:
    """How often it was started with this voice."""
    return len(Path(f"{voice}.started").read_text().splitlines())


def said(voice: Path) -> list[str]:
    """What it was asked to say with this voice, in turn."""
    return Path(f"{voice}.said").read_text().splitlines()
