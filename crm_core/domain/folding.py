"""Names as a search compares them: without case, accents, apostrophes and script.

`fold` goes letter by letter, so that a part of a name folds to a part of what the name folds to; the database does the
same in a column of its own (crm_core.db.folded). What one name may be written like otherwise (Axmedov, Akhmedov,
Ахмедов) is tried when somebody searches: `spellings`.
"""

from __future__ import annotations

import re
import unicodedata

#: Uzbek and Russian letters that have one Latin letter, after the Uzbek alphabet of 1995; ё as Russians write it.
_CYRILLIC = dict(
    zip("абвгдеёжзийклмноўпрстуфхҳқғыэіїєґ", "abvgdeejziyklmnooprstufhhkgyeiieg", strict=True),
)
#: Letters of two or three; replaced one after the other.
LONG = {
    "ш": "sh",
    "щ": "sh",
    "ч": "ch",
    "ц": "ts",
    "ю": "yu",
    "я": "ya",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}
#: Apostrophes of all sorts (Uzbek o‘ and g‘, O'Neil) and the hard and the soft sign count for nothing.
DROPPED = "'`´ʻʼʽ‘’‛ʹ′ъьЪЬ"
#: x, h and Cyrillic х are one sound in Uzbek; so are q and k to whoever does not write Uzbek.
ASCII = {"x": "h", "q": "k"}


def _single() -> dict[str, str]:
    single = dict(_CYRILLIC) | {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "İ": "i", "ŋ": "n", "ð": "d", "ħ": "h"} | ASCII
    for letter in map(chr, range(0xC0, 0x180)):  # Latin-1 and Latin Extended-A
        plain = unicodedata.normalize("NFD", letter.lower())[0]
        if plain.isascii() and plain.isalpha():
            single.setdefault(letter.lower()[0], single.get(plain, plain))
    single |= {letter.upper(): plain for letter, plain in single.items() if len(letter.upper()) == 1}
    single |= {letter.upper(): letter for letter in LONG if len(letter.upper()) == 1}  # the long ones come afterwards
    return {letter: plain for letter, plain in single.items() if letter != plain}


#: One letter for one: of both cases, since SQLite, and PostgreSQL with the locale "C", lower ASCII letters only.
SINGLE = _single()
_TABLE = str.maketrans(SINGLE) | {ord(letter): None for letter in DROPPED}

#: What Latin letters make of a sound that has one Cyrillic letter, and the glide that some write and some do not.
_CONTRACTED = ((r"shch", "sh"), (r"kh", "h"), (r"zh", "j"), (r"ks", "h"), (r"yo", "e"), (r"([aiou])ye", r"\1e"))
_GLIDED = ((r"([aiou])e", r"\1ye"),)
_EXPANDED = ((r"h", "kh"), (r"j", "zh"))
_HAS_CYRILLIC = re.compile("[\u0400-\u04ff]")


def fold(text: str) -> str:
    """`text` as names are compared. Letters of other alphabets stay as they are."""
    folded = text.translate(_TABLE).lower()
    for letter, plain in LONG.items():
        folded = folded.replace(letter, plain)
    return folded


def spellings(word: str) -> tuple[str, ...]:
    """What a name that `word` is a part of may be folded to: as written, then other usual ways; six at most."""
    folded = fold(word)
    found = [folded, _rewritten(folded, _CONTRACTED), _rewritten(folded, _GLIDED)]
    if _HAS_CYRILLIC.search(word):
        found.append(fold(word.lower().replace("ё", "йо")))  # Russians write е for it, Uzbeks pronounce it
        sounds = re.sub("[sc]h", lambda m: m[0].upper(), folded)  # sh and ch are no h
        found.append(_rewritten(sounds, _EXPANDED).lower())
        found.append(_rewritten(found[-1], _GLIDED))
    elif "x" in word.lower():
        found.append(fold(re.sub("x", "ks", word.lower())))
    return tuple(dict.fromkeys(found))


def _rewritten(text: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text
