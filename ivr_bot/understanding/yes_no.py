"""Yes and no, as whole sentences: never a yes from half of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr_bot.understanding.words import begins_with, phrases

_Phrases = tuple[tuple[str, ...], ...]
_YES: Mapping[str, _Phrases] = {
    "en": phrases(
        *("yes", "yeah", "yep", "yup", "ya", "yes i do", "yes i am", "yes i will", "yes it is", "yes it was", "sure"),
        *("of course", "certainly", "definitely", "absolutely", "right", "correct", "that is right", "that is correct"),
        *("ok", "all right", "alright", "fine", "i do", "i am", "i will", "i would", "i can", "go ahead", "exactly"),
        *("indeed", "sure thing", "yes sir", "yes madam", "with pleasure", "it is", "i think so", "you can", "you may"),
        *("yes thanks", "yes thank you", "yes you can", "yes you may", "uh-huh", "affirmative", "gladly", "agreed"),
        *("i am interested", "yes i am interested", "sounds good", "that would be great"),
    ),
    "ru": phrases(
        *("да", "ага", "угу", "конечно", "разумеется", "безусловно", "верно", "правильно", "точно", "именно", "хорошо"),
        *(
            "ладно",
            "согласен",
            "согласна",
            "давайте",
            "давай",
            "можно",
            "можете",
            "да конечно",
            "все верно",
            "ок",
            "окей",
        ),
        *(
            "так и есть",
            "да можно",
            "с удовольствием",
            "не против",
            "я не против",
            "все правильно",
            "да нужно",
            "да надо",
            "подтверждаю",
            "буду",
        ),
        language="ru",
    ),
    "uz": phrases(
        *(
            "ha",
            "ha ha",
            "albatta",
            "toʻgʻri",
            "togri",
            "mayli",
            "xoʻp",
            "xop",
            "boʻladi",
            "boladi",
            "roziman",
            "men roziman",
            "yaxshi",
        ),
        *(
            "ha albatta",
            "mumkin",
            "ha boʻladi",
            "aynan",
            "shunday",
            "xuddi shunday",
            "bajonidil",
            "ha mayli",
            "tasdiqlayman",
        ),
        language="uz",
    ),
}
_NO: Mapping[str, _Phrases] = {
    "en": phrases(
        *("no", "nope", "nah", "no way", "not really", "no thanks", "no thank you", "not at all", "never", "negative"),
        *(
            "i do not",
            "i am not",
            "i will not",
            "i would not",
            "i can not",
            "of course not",
            "certainly not",
            "absolutely not",
        ),
        *(
            "definitely not",
            "no i do not",
            "no i am not",
            "no i will not",
            "no it is not",
            "it is not",
            "i do not think so",
        ),
        *(
            "no sir",
            "no madam",
            "by no means",
            "that is wrong",
            "wrong",
            "incorrect",
            "not interested",
            "i am not interested",
            "i suppose not",
            "i do not want to",
        ),
        *(
            "i would rather not",
            "i did not",
            "no i did not",
            "no need",
            "do not",
            "that is not right",
            "that is not correct",
        ),
    ),
    "ru": phrases(
        *("нет", "неа", "не надо", "не нужно", "не хочу", "нет спасибо", "спасибо нет", "ни в коем случае", "никогда"),
        *(
            "конечно нет",
            "конечно же нет",
            "нет конечно",
            "не согласен",
            "не согласна",
            "неверно",
            "неправильно",
            "не верно",
        ),
        *(
            "не буду",
            "не могу",
            "нельзя",
            "нет не надо",
            "не думаю",
            "нет не хочу",
            "отказываюсь",
            "не стоит",
        ),
        *("не совсем", "не очень", "не правильно", "я против", "против", "не интересно", "неинтересно"),
        language="ru",
    ),
    "uz": phrases(
        *(
            "yoʻq",
            "yoq",
            "yoʻq rahmat",
            "rahmat yoʻq",
            "kerak emas",
            "kerakmas",
            "xohlamayman",
            "hech qachon",
            "notoʻgʻri",
        ),
        *(
            "yoʻq kerak emas",
            "albatta yoʻq",
            "boʻlmaydi",
            "roziman emas",
            "rozi emasman",
            "mumkin emas",
            "unday emas",
        ),
        *("yoq rahmat", "toʻgʻri emas", "yoʻq xohlamayman", "istamayman", "qilmayman", "bormayman"),
        language="uz",
    ),
}


def yes_or_no(words: Sequence[str], language: str) -> bool | None:
    """True for yes, False for no; None where the words say something else too, or both."""
    found: set[bool] = set()
    rest = tuple(words)
    while rest:
        yes, no = begins_with(rest, _YES.get(language, ())), begins_with(rest, _NO.get(language, ()))
        if not yes and not no:
            return None
        found.add(yes > no)
        rest = rest[max(yes, no) :]
    return found.pop() if len(found) == 1 else None
