"""One sentence for whoever takes a person over: who it is, what he wants, what he has answered so far. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr_bot.dialog.checks import FIELD
from ivr_bot.dialog.script import Ask, AskKind, TransferTo
from ivr_bot.dialog.spoken import said_value
from ivr_bot.dialog.state import Dialog

#: The lead's field that holds the person's name; known to every dialog, whether its script names it or not.
NAME = "name"
#: Misses after which the ladder calls an operator.
_MISSES = 3
#: An operator listens for ten seconds at most, while the person waits: the latest answers count most.
_MOST_ANSWERS, _MOST_WORDS = 5, 12
_SOMEBODY: Mapping[str, str] = {"en": "The customer", "ru": "Клиент", "uz": "Mijoz"}
_ASKS: Mapping[str, str] = {
    "en": "{who} asks for a person",
    "ru": "{who} просит соединить с сотрудником",
    "uz": "{who} hodim bilan gaplashmoqchi",
}
_NOT_UNDERSTOOD: Mapping[str, str] = {
    "en": "the assistant did not understand {who}",
    "ru": "автоответчик не понял ответов, на линии {who}",
    "uz": "avtomatik yordamchi tushunmadi, liniyada {who}",
}
_TROUBLE: Mapping[str, str] = {
    "en": "the assistant had a fault while talking with {who}",
    "ru": "у автоответчика неполадка, на линии {who}",
    "uz": "avtomatik yordamchida nosozlik, liniyada {who}",
}
_PROMISED: Mapping[str, str] = {
    "en": "{who} was promised a colleague",
    "ru": "{who} ждёт соединения с сотрудником",
    "uz": "{who} hodim bilan ulanishni kutmoqda",
}
_TOPICS: Mapping[str, str] = {"en": "topics", "ru": "темы", "uz": "mavzular"}
_ANSWERS: Mapping[str, str] = {"en": "answers", "ru": "ответы", "uz": "javoblar"}
_NOT_SAID: Mapping[str, str] = {"en": "not said", "ru": "не сказано", "uz": "aytilmagan"}
#: What was wished in passing, as something to talk about. Wishes about the call itself say nothing to an operator.
_WISHES: Mapping[str, Mapping[str, str]] = {
    "price": {"en": "the price", "ru": "цена", "uz": "narx"},
    "interested": {"en": "interest in the offer", "ru": "интерес к предложению", "uz": "taklifga qiziqish"},
    "not_interested": {"en": "no interest", "ru": "нет интереса", "uz": "qiziqish yo'q"},
    "who_is_calling": {"en": "who is calling", "ru": "кто звонит", "uz": "kim qo'ng'iroq qilyapti"},
    "are_you_a_robot": {"en": "whether it is a robot", "ru": "не робот ли это", "uz": "robotmi"},
    "later": {"en": "another time", "ru": "другое время", "uz": "boshqa vaqt"},
    "complaint": {"en": "a complaint", "ru": "жалоба", "uz": "shikoyat"},
    "insult": {"en": "displeasure", "ru": "недовольство", "uz": "norozilik"},
    "wrong_number": {"en": "the wrong number", "ru": "не тот номер", "uz": "raqam noto'g'ri"},
    "do_not_call": {"en": "no more calls", "ru": "больше не звонить", "uz": "boshqa qo'ng'iroq qilmaslik"},
}


def summary(dialog: Dialog, node: TransferTo) -> str:
    """The sentence, in the operators' language: the node's own words where it has some, else what is known."""
    language = dialog.operators_language
    if node.summary:
        return _sentence(_of_script(dialog, node.summary, language))
    parts = [_why(dialog, node, language).format(who=_who(dialog, language))]
    topics = [_WISHES[wish][language] for wish in dialog.wishes if wish in _WISHES]
    if topics:
        parts.append(f"{_TOPICS[language]}: {', '.join(topics)}")
    answers = list(_answers(dialog, language))[-_MOST_ANSWERS:]
    if answers:
        parts.append(f"{_ANSWERS[language]}: {', '.join(answers)}")
    return _sentence("; ".join(parts))


def _why(dialog: Dialog, node: TransferTo, language: str) -> str:
    if not node.name.startswith("any."):
        return _PROMISED[language]
    if dialog.misses >= _MISSES:
        return _NOT_UNDERSTOOD[language]
    if (dialog.keys_only or dialog.prompt_failed) and dialog.intent != "operator":
        return _TROUBLE[language]
    return _ASKS[language]


def _who(dialog: Dialog, language: str) -> str:
    return dialog.lead.get(NAME, "").strip() or _SOMEBODY[language]


def _of_script(dialog: Dialog, given: Mapping[str, str], language: str) -> str:
    """A script's own words; a name that it leaves out is put before them."""
    text = given.get(language) or next(iter(given.values()))
    asks = {node.slot: node for node in dialog.script.nodes.values() if isinstance(node, Ask)}

    def value(name: str) -> str:
        if name in dialog.slots:
            return _said(dialog.slots[name], asks[name], language)
        return dialog.lead.get(name, "").strip() or (_SOMEBODY[language] if name == NAME else _NOT_SAID[language])

    name = dialog.lead.get(NAME, "").strip()
    is_named = any(found[1] == NAME for found in FIELD.finditer(text))
    filled = FIELD.sub(lambda found: value(found[1]), text)
    return filled if is_named or not name else f"{name}: {filled}"


def _answers(dialog: Dialog, language: str) -> Iterator[str]:
    """What the script's own questions were answered, each by its label."""
    asks = {node.slot: node for node in dialog.script.nodes.values() if isinstance(node, Ask)}
    for slot, stored in dialog.slots.items():
        ask = asks[slot]
        if stored and not ask.name.startswith("any."):
            yield f"{_label(ask, language)}: {_said(stored, ask, language)}"


def _label(ask: Ask, language: str) -> str:
    return ask.label.get(language) or next(iter(ask.label.values()), ask.name.replace("_", " "))


def _said(stored: str, ask: Ask, language: str) -> str:
    if ask.kind is AskKind.CHOICE:
        phrases = next((option.phrases.get(language) for option in ask.options if option.name == stored), None)
        return phrases[0] if phrases else stored.replace("_", " ")
    words = said_value(stored, ask.kind, language).split()
    return " ".join(words[:_MOST_WORDS]) + ("…" if len(words) > _MOST_WORDS else "")


def _sentence(text: str) -> str:
    """One line that begins with a capital letter and ends with a full stop."""
    whole = " ".join(text.split()).rstrip(" .;,:")
    return f"{whole[:1].upper()}{whole[1:]}."
