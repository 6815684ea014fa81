"""The short-lived process of a text: pyttsx3 alone, so that it is up in a twentieth of a second."""

from __future__ import annotations

import sys
import threading

import pyttsx3

_LONGEST = 60.0  # seconds; whoever started us gives up earlier


def main(file: str, voice: str, words_per_minute: str) -> None:
    """Say the text from stdin into a WAV file."""
    engine = pyttsx3.init("espeak")
    # It would say the text with another voice and tell nobody.
    if voice.partition("+")[0].lower() not in {known.id for known in engine.getProperty("voices")}:
        sys.exit(f"espeak-ng has no voice {voice!r}")
    engine.setProperty("voice", voice)
    engine.setProperty("rate", int(words_per_minute))
    said = threading.Event()
    engine.connect("finished-utterance", lambda name, completed: said.set())
    engine.save_to_file(sys.stdin.buffer.read().decode(), file)
    engine.runAndWait()  # comes back while espeak's own thread is still at a long text
    if not said.wait(_LONGEST):
        sys.exit("espeak-ng did not come to the end of the text")


if __name__ == "__main__":
    main(*sys.argv[1:])
