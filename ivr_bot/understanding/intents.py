"""What a person may say at any question, as whole sentences: an operator, repeat, who calls, later, a refusal."""

from __future__ import annotations

from collections.abc import Mapping

from ivr_bot.understanding.words import words_of

#: Sentences parted by |, by language and intent.
_SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "operator": (
            "operator | an operator | agent | a person | a human | a real person | speak to a person | i want to "
            "speak to a person | i want an operator | i want to talk to a person | connect me with an operator | "
            "can i speak to someone | can i speak to a human | can i speak to somebody | "
            "can i talk to a person | let me speak to a human | "
            "put me through | transfer me | talk to a human | i want a human | manager | i want to speak to the "
            "manager | can i speak to an operator | give me an operator | i would to speak to a person | i need an "
            "operator"
        ),
        "repeat": (
            "repeat | repeat that | say that again | say again | again | pardon | pardon me | sorry what | what | "
            "can you repeat | can you repeat that | could you repeat that | what did you say | i did not hear | "
            "come again | i did not catch that | once more | one more time | sorry | excuse me | i did not hear you "
            "| can you say that again"
        ),
        "louder": "louder | speak up | speak louder | i can not hear you | can you speak louder | too quiet",
        "who_is_calling": (
            "who is this | who is calling | who are you | who is it | what is this about | why are you calling | "
            "what do you want | which company | where are you calling from | who is speaking | what company is this"
        ),
        "where_did_you_get_my_number": (
            "where did you get my number | how did you get my number | who gave you my number | where do you have "
            "my number from"
        ),
        "are_you_a_robot": (
            "are you a robot | is this a robot | are you a machine | is this a machine | is this a recording | a "
            "robot | are you a real person | are you human | am i talking to a robot | is it a robot | are you a "
            "bot"
        ),
        "later": (
            "later | not now | not today | not right now | call later | call me later | call back later | call me "
            "back | call back | another time | some other time | call me back later | not now call later | can you "
            "call later | can you call me later | call me another time"
        ),
        "busy": (
            "i am busy | i am busy now | i am driving | bad time | it is a bad time | not a good time | i am in a "
            "meeting | i am at work | i have no time | i do not have time | i do not have time now | i can not talk "
            "| i can not talk now | this is a bad time | i am busy right now | i can not talk right now"
        ),
        "wrong_number": (
            "wrong number | you have the wrong number | you have got the wrong number | this is the wrong number | "
            "i have the wrong number | it is the wrong number | you dialed the wrong number | you have a wrong "
            "number"
        ),
        "not_the_person": (
            "i am not him | i am not her | that is not me | he is not here | she is not here | you have the wrong "
            "person | there is no such person here | nobody here by that name | no one here by that name | it is "
            "not me"
        ),
        "do_not_call": (
            "do not call | do not call me | do not call me again | do not call again | stop calling | stop calling "
            "me | never call me again | never call again | remove my number | take me off your list | delete my "
            "number | do not call this number again | remove me from your list | do not ever call me again | never "
            "call this number again"
        ),
        "complaint": (
            "i want to complain | i have a complaint | complaint | i want to make a complaint | this is a complaint "
            "| i am not satisfied | i am very unhappy | this is outrageous | i want to file a complaint"
        ),
        "insult": (
            "idiot | you idiot | shut up | go to hell | get lost | damn you | fuck you | fuck off | stupid robot"
        ),
        "goodbye": "goodbye | bye | bye bye | good bye | see you | have a nice day | thank you goodbye | thanks bye",
        "language": (
            "russian | in russian | speak russian | uzbek | in uzbek | speak uzbek | english | in english | do you "
            "speak russian | do you speak uzbek | do you speak english | another language | russian please"
        ),
        "voicemail": (
            "leave a message after the tone | leave a message after the beep | please leave a message | the person "
            "you are calling is not available | at the tone please record your message"
        ),
        "hold_on": "hold on | one moment | wait | wait a minute | just a moment | one second | hang on | a moment",
    },
    "ru": {
        "operator": (
            "оператор | оператора | человека | соедините с оператором | соедините с человеком | позовите человека | "
            "хочу поговорить с человеком | хочу поговорить с оператором | дайте оператора | переведите на оператора "
            "| живого человека | менеджера | соедините с менеджером | позовите менеджера "
            "| позовите оператора | мне нужен оператор"
        ),
        "repeat": (
            "повторите | повтори | еще раз | повторите еще раз | что | что вы сказали | не расслышал | не "
            "расслышала | можете повторить | простите что | не понял повторите | скажите еще раз | не слышал | "
            "извините что | чего"
        ),
        "louder": "громче | говорите громче | плохо слышно | вас не слышно | вас плохо слышно | не слышу",
        "who_is_calling": (
            "кто это | кто звонит | кто вы | вы кто | а кто это | откуда вы | что вам нужно | что вы хотите | по "
            "какому вопросу | зачем звоните | что за компания | какая компания | а вы кто | откуда звоните"
        ),
        "where_did_you_get_my_number": (
            "откуда у вас мой номер | откуда вы взяли мой номер | где вы взяли мой номер | кто дал вам мой номер | "
            "кто вам дал мой номер | откуда мой номер"
        ),
        "are_you_a_robot": (
            "вы робот | ты робот | это робот | робот | вы бот | это автоответчик | вы человек | вы живой человек | "
            "я с роботом говорю | это бот | вы машина | это запись"
        ),
        "later": (
            "позже | не сейчас | перезвоните | перезвоните позже | позвоните позже | потом | в другой раз | давайте "
            "позже | перезвоните мне | перезвоните мне позже | можно позже | позвоните потом | давайте потом"
        ),
        "busy": (
            "я занят | я занята | занят | занята | сейчас занят | я за рулем | неудобно | мне неудобно | некогда | "
            "я на работе | я на совещании | не могу говорить | сейчас неудобно | мне сейчас неудобно | мне некогда "
            "| сейчас не могу говорить | нет времени | у меня нет времени"
        ),
        "wrong_number": (
            "ошиблись номером | вы ошиблись номером | не туда попали | вы не туда попали | вы ошиблись | "
            "неправильный номер | не тот номер | это не тот номер"
        ),
        "not_the_person": (
            "это не я | я не он | я не она | его нет | ее нет | здесь таких нет | тут таких нет | таких нет | его "
            "нет дома | ее нет дома | нет такого"
        ),
        "do_not_call": (
            "не звоните | не звоните мне | больше не звоните | не звоните больше | больше мне не звоните | "
            "прекратите звонить | не звоните сюда | удалите мой номер | уберите мой номер | хватит звонить | "
            "никогда не звоните | перестаньте звонить | не звоните мне больше | больше сюда не звоните | никогда "
            "мне не звоните | никогда больше не звоните"
        ),
        "complaint": (
            "хочу пожаловаться | у меня жалоба | жалоба | я недоволен | я недовольна | я буду жаловаться | это "
            "безобразие"
        ),
        "insult": "идиот | дурак | заткнись | пошел ты | пошли вы | отвали | иди к черту | пошел к черту",
        "goodbye": "до свидания | пока | всего доброго | всего хорошего | спасибо до свидания",
        "language": (
            "на русском | по-русски | говорите по-русски | на узбекском | по-узбекски | говорите по-узбекски | на "
            "английском | по-английски | на узбекском языке | на русском языке | на другом языке"
        ),
        "voicemail": (
            "оставьте сообщение после сигнала | абонент временно недоступен | аппарат абонента выключен | телефон "
            "абонента выключен или находится вне зоны действия сети | абонент не отвечает"
        ),
        "hold_on": "подождите | минуту | минутку | одну минуту | секунду | секундочку | сейчас",
    },
    "uz": {
        "operator": (
            "operator | operatorni | operator bilan | odam bilan gaplashmoqchiman | operatorga ulang | operator "
            "bilan ulang | odam bilan | menejer | menejerga ulang | menejer bilan gaplashmoqchiman "
            "| operator kerak | odamga ulang | tirik odam "
            "bilan gaplashmoqchiman"
        ),
        "repeat": (
            "qaytaring | takrorlang | yana bir marta | nima | nima dedingiz | eshitmadim | yana ayting | qaytadan "
            "ayting | kechirasiz nima | tushunmadim qaytaring | yana bir bor ayting"
        ),
        "louder": "balandroq | balandroq gapiring | eshitilmayapti | yaxshi eshitilmayapti | eshitmayapman",
        "who_is_calling": (
            "kim bu | bu kim | kimsiz | siz kimsiz | kim qoʻngʻiroq qilyapti | qayerdan qoʻngʻiroq qilyapsiz | nima "
            "kerak | nima maqsadda | qaysi kompaniya | qayerdansiz | nima masalada"
        ),
        "where_did_you_get_my_number": (
            "raqamimni qayerdan oldingiz | nomerimni qayerdan oldingiz | mening raqamimni qayerdan oldingiz | "
            "raqamimni kim berdi | nomerimni kim berdi"
        ),
        "are_you_a_robot": (
            "siz robotmisiz | robotmisiz | bu robotmi | robot | siz odammisiz | bot | botmisiz | bu botmi | siz "
            "botmisiz"
        ),
        "later": (
            "keyinroq | hozir emas | keyin | keyinroq qoʻngʻiroq qiling | keyin qoʻngʻiroq qiling | boshqa vaqt | "
            "boshqa safar | qayta qoʻngʻiroq qiling | keyinroq telefon qiling"
        ),
        "busy": (
            "bandman | hozir bandman | men bandman | vaqtim yoʻq | hozir vaqtim yoʻq | rulda ketyapman | ishdaman | "
            "hozir gaplasha olmayman | gaplasha olmayman | noqulay | hozir noqulay | majlisdaman"
        ),
        "wrong_number": (
            "notoʻgʻri raqam | raqam notoʻgʻri | xato raqam | adashdingiz | siz adashdingiz | boshqa raqamga "
            "tushdingiz | notoʻgʻri tushdingiz | xato tushdingiz"
        ),
        "not_the_person": (
            "men emasman | bu men emas | u yoʻq | u uyda yoʻq | bunday odam yoʻq | bu yerda unaqa odam yoʻq"
        ),
        "do_not_call": (
            "qoʻngʻiroq qilmang | boshqa qoʻngʻiroq qilmang | menga qoʻngʻiroq qilmang | menga boshqa qoʻngʻiroq "
            "qilmang | raqamimni oʻchiring | telefon qilmang | boshqa telefon qilmang | bezovta qilmang | boshqa "
            "bezovta qilmang"
        ),
        "complaint": "shikoyatim bor | shikoyat qilmoqchiman | shikoyat | noroziman | men noroziman",
        "insult": "ahmoq | tentak | jim boʻl | yoʻqol | jinni",
        "goodbye": "xayr | sogʻ boʻling | xayr sogʻ boʻling | rahmat xayr | koʻrishguncha",
        "language": (
            "ruscha | rus tilida | oʻzbekcha | oʻzbek tilida | inglizcha | ingliz tilida | boshqa tilda | ruscha "
            "gapiring | oʻzbekcha gapiring"
        ),
        "voicemail": "abonent oʻchirilgan | xabar qoldiring | signaldan soʻng xabar qoldiring",
        "hold_on": "kuting | bir daqiqa | kutib turing | bir soniya | hozir | shoshmang",
    },
}
_BEFORE = frozenset("no yes hello sorry нет да алло извините yoʻq ha allo kechirasiz".split())
_BY_WORDS: Mapping[str, Mapping[tuple[str, ...], str]] = {
    language: {words_of(said, language): intent for intent, sentences in table.items() for said in sentences.split("|")}
    for language, table in _SENTENCES.items()
}


def intent_of(text: str, language: str) -> str | None:
    """The wish that is the whole sentence, a yes or no before it left out ("no, do not call me again")."""
    table = _BY_WORDS.get(language, {})
    said = words_of(text, language)
    if said in table:
        return table[said]
    return table.get(said[1:]) if len(said) > 1 and said[0] in _BEFORE else None
