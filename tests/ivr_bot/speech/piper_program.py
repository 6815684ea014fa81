"""A program with piper's command line and flite's voice: what our shell around piper is tested with.

Piper itself is GPL and 60 MB; its flags and its reading of stdin line by line are those of piper-tts 1.8.0.
"""

from __future__ import annotations

import sys
from pathlib import Path

_SCRIPT = """\
import argparse, pathlib, subprocess, sys
parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--output_file", required=True)
args = parser.parse_args()
lines = sys.stdin.read().splitlines()
assert len(lines) == 1, "one text at a time"
voice = pathlib.Path(args.model).read_bytes()
if voice == b"broken":
    sys.exit("the voice cannot be loaded")
if voice == b"mute":
    sys.exit(0)
subprocess.run(["flite", "-voice", "rms", "-t", lines[0], "-o", args.output_file], check=True)
"""


def piper_program(folder: Path) -> tuple[str, ...]:
    """The command that runs it."""
    script = folder / "piper.py"
    script.write_text(_SCRIPT)
    return sys.executable, str(script)
