"""What made-up people, firms and deals are called. Names are common ones; no combination means anybody."""

from __future__ import annotations

#: First names, then surnames without the ending of a woman's; each group in its own script.
UZBEK_MEN = tuple(
    "Akmal Alisher Anvar Aziz Bahodir Baxtiyor Behruz Bekzod Botir Davron Dilshod Doniyor Eldor Elyor Farhod "
    "Farrux G‘ayrat Hamid Husan Ibrohim Ilhom Islom Jahongir Jamshid Jasur Kamol Laziz Mansur Mirzo Muhammad "
    "Murod Nodir Odil Otabek Oybek O‘tkir Po‘lat Qodir Ravshan Rustam Sanjar Sardor Shavkat Sherzod Shuhrat "
    "Sobir Temur Timur To‘lqin Ulug‘bek Umid Xurshid Yodgor Yusuf Zafar Zokir".split()
)
UZBEK_WOMEN = tuple(
    "Aziza Barno Charos Dildora Dilfuza Dilnoza Dilorom Durdona Feruza Firuza Gavhar Go‘zal Gulbahor Gulnora "
    "Gulshan Hilola Iroda Kamola Komila Lola Lobar Madina Mahliyo Malika Manzura Mavluda Maftuna Mohira "
    "Muazzam Munira Nafisa Nargiza Nigora Nilufar Nodira Noila Oydin Ozoda Ra’no Robiya Sabohat Saida Sayyora "
    "Sevara Shahlo Shahnoza Shoira Surayyo Umida Xurshida Yulduz Zarina Zebo Ziyoda Zuhra Zulfiya".split()
)
UZBEK_SURNAMES = tuple(
    "Abdullayev Abdurahmonov Ahmedov Akbarov Aliyev Asqarov Azimov Boboyev Boltayev Choriyev Davronov "
    "Ergashev Eshonqulov Fayziyev G‘aniyev G‘ofurov Hakimov Hamidov Haydarov Hoshimov Ibragimov Islomov "
    "Ismoilov Jo‘rayev Kamolov Karimov Komilov Mahmudov Mamatov Mirzayev Mo‘minov Muhammadiyev Murodov "
    "Musayev Narzullayev Nazarov Nematov Niyozov Normatov Nurmatov Olimov Ortiqov Ochilov Po‘latov Qodirov "
    "Qosimov Rahimov Rahmonov Rasulov Rustamov Sattorov Saidov Salimov Sharipov Shodiyev Sobirov Soliyev "
    "Sultonov Tojiyev Toshmatov To‘rayev To‘xtayev Turg‘unov Umarov Usmonov Usmonxo‘jayev Vohidov Xalilov "
    "Xasanov Xolmatov Xo‘jayev Yo‘ldoshev Yoqubov Yunusov Yusupov Zokirov Ziyayev".split()
)
RUSSIAN_MEN = tuple(
    "Александр Алексей Анатолий Андрей Антон Артём Борис Вадим Валерий Василий Виктор Виталий Владимир "
    "Владислав Геннадий Георгий Григорий Денис Дмитрий Евгений Егор Иван Игорь Илья Кирилл Константин Леонид "
    "Максим Михаил Никита Николай Олег Павел Пётр Роман Руслан Семён Сергей Станислав Степан Тимофей Фёдор "
    "Юрий Ярослав".split()
)
RUSSIAN_WOMEN = tuple(
    "Александра Алина Алла Анастасия Анжела Анна Валентина Валерия Вера Вероника Виктория Галина Дарья Диана "
    "Евгения Екатерина Елена Елизавета Жанна Зинаида Зоя Инна Ирина Кристина Ксения Лариса Лидия Любовь "
    "Людмила Маргарита Марина Мария Надежда Наталья Нина Оксана Ольга Полина Раиса Светлана София Тамара "
    "Татьяна Ульяна Юлия Яна".split()
)
RUSSIAN_SURNAMES = tuple(
    "Абрамов Александров Алексеев Андреев Антонов Афанасьев Баранов Белов Беляев Борисов Быков Васильев "
    "Виноградов Власов Волков Воробьёв Гаврилов Герасимов Голубев Горбунов Григорьев Громов Гусев Давыдов "
    "Данилов Денисов Дмитриев Егоров Ершов Ефимов Жданов Жуков Журавлёв Зайцев Захаров Иванов Ильин Калинин "
    "Карпов Киселёв Ковалёв Козлов Комаров Королёв Крылов Кудрявцев Кузнецов Кузьмин Лебедев Макаров Максимов "
    "Мартынов Матвеев Медведев Мельников Миронов Михайлов Морозов Назаров Никитин Николаев Новиков Орлов "
    "Осипов Павлов Петров Поляков Пономарёв Попов Родионов Романов Рябов Савельев Семёнов Сергеев Сидоров "
    "Смирнов Соболев Соколов Соловьёв Сорокин Степанов Тарасов Тимофеев Титов Тихонов Федотов Филатов "
    "Филиппов Фролов Хохлов Цветков Чернов Чистяков Шестаков Широков Щербаков Щукин Юдин Яковлев Якушев".split()
)
#: Fathers' names, for the patronymic: of a man, of a woman.
PATRONYMICS = tuple(
    pair.split("/")
    for pair in (
        "Александрович/Александровна Алексеевич/Алексеевна Андреевич/Андреевна Борисович/Борисовна "
        "Викторович/Викторовна Владимирович/Владимировна Дмитриевич/Дмитриевна Иванович/Ивановна Михайлович/Михайловна "
        "Николаевич/Николаевна Олегович/Олеговна Павлович/Павловна Петрович/Петровна Сергеевич/Сергеевна "
        "Юрьевич/Юрьевна"
    ).split()
)
ENGLISH_MEN = tuple(
    "Adam Alexander Andrew Anthony Ben Brian Charles Christopher Daniel David Edward Eric Frank George Henry "
    "Jack James Jason John Joseph Kevin Mark Matthew Michael Nicholas Patrick Paul Peter Richard Robert Ryan "
    "Samuel Scott Stephen Thomas Timothy William".split()
)
ENGLISH_WOMEN = tuple(
    "Alice Amanda Amy Angela Barbara Carol Catherine Christine Deborah Diana Dorothy Elizabeth Emily Emma "
    "Grace Helen Jennifer Jessica Julia Karen Kate Laura Linda Lisa Margaret Mary Megan Michelle Nancy Olivia "
    "Pamela Rachel Rebecca Ruth Sandra Sarah Susan".split()
)
ENGLISH_SURNAMES = tuple(
    "Adams Allen Anderson Bailey Baker Bell Bennett Brooks Brown Campbell Carter Clark Collins Cook Cooper "
    "Cox Davis Edwards Evans Fisher Foster Garcia Gray Green Hall Harris Hill Howard Hughes Jackson Johnson "
    "Jones Kelly King Lee Lewis Long Martin Miller Mitchell Moore Morgan Morris Murphy Myers Nelson O’Brien "
    "Parker Perry Peterson Phillips Price Reed Reynolds Richardson Roberts Robinson Rogers Ross Russell "
    "Sanders Scott Smith Stewart Sullivan Taylor Thomas Thompson Turner Walker Ward Watson White Williams "
    "Wilson Wood Wright Young".split()
)
CITIES = {
    "uz": tuple("Toshkent Samarqand Buxoro Andijon Namangan Farg‘ona Nukus Qarshi Termiz Xiva Navoiy Jizzax".split()),
    "ru": tuple("Москва Казань Самара Екатеринбург Новосибирск Омск Уфа Пермь Тюмень Краснодар".split()),
    "en": tuple("Boston Denver Seattle Austin Portland Chicago Phoenix Atlanta".split()),
}
COMPANY_WORDS = {
    "uz": tuple(
        "Oltin Kumush Sharq Silk Zamin Registon Chinor Baraka Ipak Lochin Sarbon Nur Ziyo Humo Orol Quyosh Bahor "
        "Turon Navro‘z Afrosiyob".split()
    ),
    "ru": tuple(
        "Север Восток Альфа Вектор Горизонт Радуга Урал Волга Маяк Меридиан Заря Атлант Кедр Рубин Спектр".split()
    ),
    "en": tuple("Summit Harbor Pioneer Cedar Liberty Beacon Granite Maple Sterling Northwind Evergreen Atlas".split()),
}
COMPANY_TRADES = {
    "uz": tuple("Savdo Qurilish Mebel Tekstil Agro Farm Servis Logistika Med Tur Invest Group".split()),
    "ru": tuple("Торг Строй Мебель Текстиль Агро Фарм Сервис Логистика Мед Тур Инвест Групп".split()),
    "en": tuple("Trading Construction Furniture Textiles Foods Pharma Services Logistics Health Travel".split()),
}
COMPANY_FORMS = {"uz": "{} {} MChJ", "ru": "ООО «{}{}»", "en": "{} {} LLC"}
#: What is sold, with what it usually costs (US dollars).
GOODS = {
    "uz": (("Sanatoriyga yo‘llanma", 450), ("Tish davolash", 120), ("Ofis mebeli", 2400), ("Ingliz tili kursi", 180)),
    "ru": (("Путёвка в санаторий", 520), ("Лечение зубов", 150), ("Мебель для офиса", 2600), ("Курс английского", 200)),
    "en": (("Sanatorium stay", 900), ("Dental treatment", 400), ("Office furniture", 3800), ("Language course", 350)),
}
CURRENCIES = {"uz": ("UZS", 12_000), "ru": ("RUB", 80), "en": ("USD", 1)}
LOST_REASONS = ("Too expensive", "Went to a competitor", "No longer needed", "Does not answer", "Wrong timing")
NEXT_STEPS = (
    "Send the offer",
    "Ask what was decided",
    "Call about the payment",
    "Agree on a visit",
    "Send the contract",
)
COMPLAINTS = {
    "uz": ("Uzoq kutdim", "Xona sovuq edi", "Hech kim javob bermadi", "Narxi qimmat"),
    "ru": ("Долго ждали", "В номере было холодно", "Никто не смог ответить", "Дорого"),
    "en": ("I had to wait too long", "The room was cold", "Nobody could answer", "Too expensive"),
}
PRAISE = {
    "uz": ("Hammasi yoqdi", "Xodimlar juda mehribon", "Rahmat, yana kelamiz"),
    "ru": ("Всё понравилось", "Очень вежливый персонал", "Спасибо, приедем ещё"),
    "en": ("Everything was fine", "Very friendly people", "Thank you, we will come again"),
}
#: Geographic area codes of North America; 555-0100 to 555-0199 of each are kept for fiction (ATIS-0300115).
AREA_CODES = tuple(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 225 228 229 231 234 239 240 248 251 "
    "252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 "
    "318 319 320 321 323 325 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 "
    "412 413 414 415 417 419 423 425 430 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 "
    "509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573 574 580 585 586 601 "
    "602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 660 "
    "661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718".split()
)
