"""Nothing of a prompt is lost or told twice, however it is handed over, played and stopped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.media.playlist import Playlist
from ivr_bot.media.ports import FRAME_BYTES, FRAME_MS, SILENCE, Stopped

_PROMPTS = st.lists(st.binary(max_size=4 * FRAME_BYTES), max_size=6)


def _padded(ulaw: bytes) -> bytes:
    return ulaw.ljust(max(1, -(-len(ulaw) // FRAME_BYTES)) * FRAME_BYTES, SILENCE)


def _filled(prompts: list[bytes]) -> Playlist:
    playlist = Playlist()
    for number, prompt in enumerate(prompts):
        playlist.add(prompt, str(number))
    return playlist


@given(_PROMPTS, st.integers(1, 7))
def test_everything_is_handed_over_in_order_and_in_whole_frames(prompts: list[bytes], frames: int) -> None:
    playlist = _filled(prompts)
    pieces = list(iter(lambda: playlist.take(frames), b""))
    assert b"".join(pieces) == b"".join(map(_padded, prompts))
    assert all(len(piece) % FRAME_BYTES == 0 and len(piece) <= frames * FRAME_BYTES for piece in pieces)


@given(_PROMPTS, st.lists(st.integers(0, 30), max_size=6))
def test_each_mark_comes_once_in_order_and_not_before_its_end(prompts: list[bytes], positions: list[int]) -> None:
    playlist = _filled(prompts)
    while playlist.take(1):
        pass
    ends = [sum(len(_padded(p)) // FRAME_BYTES for p in prompts[: n + 1]) for n in range(len(prompts))]
    told: list[str] = []
    reached = 0
    for position in positions:
        told += playlist.played(position)
        reached = max(reached, min(position, playlist.given))
        assert told == [str(number) for number, end in enumerate(ends) if end <= reached]
    assert playlist.outstanding == playlist.given - reached


@given(_PROMPTS, st.integers(0, 30), st.integers(0, 30))
def test_what_was_played_and_what_is_unheard_make_the_whole(prompts: list[bytes], given: int, played: int) -> None:
    playlist = _filled(prompts)
    for _ in range(given):
        playlist.take(1)
    done = len(playlist.played(played))
    stopped = playlist.stop()
    whole = b"".join(map(_padded, prompts[done:]))
    rest = b"".join(part.ulaw for part in stopped.unheard)
    assert whole[stopped.played_ms // FRAME_MS * FRAME_BYTES :] == rest
    assert [part.mark for part in stopped.unheard] == [str(n) for n in range(done, len(prompts))]
    assert (playlist.stop(), playlist.take(1), playlist.given) == (Stopped(0, ()), b"", 0)


def test_the_switch_cannot_have_played_what_it_was_not_given() -> None:
    playlist = _filled([bytes(3 * FRAME_BYTES)])
    playlist.take(1)
    assert playlist.played(1000) == []
    assert playlist.stop().played_ms == FRAME_MS
