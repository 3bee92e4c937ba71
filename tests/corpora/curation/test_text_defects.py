"""What is doubtful in a text, and the normal texts of many languages that are not."""

import time

import pytest

from lib.corpora.curation.text_defects import pair_defect, text_defects


def problems(code, text):
    return [problem for problem, remedy in text_defects(code, text) if remedy]


@pytest.mark.parametrize(
    "code, text, problem",
    [
        ("eng", "so th\u0435 train left", "look alike: Cyrillic \u0435 in 'th\u0435'"),
        ("rus", "\u043fo\u0435\u0437\u0434 \u0443\u0448\u0451\u043b", "look alike: Latin o"),
        ("fra", "\u00c3\u00a9t\u00c3\u00a9", "'\u00c3\u00a9'"),
        ("eng", "it\u00e2\u20ac\u2122s", "'\u00e2\u20ac'"),
        ("jpn", "ä»Šæ—¥ã\x81¯", "read in another encoding"),
        ("eng", "lost \ufffd letter", "'\ufffd'"),
        ("eng", "a <i>word</i>", "a tag: '<i>'"),
        ("eng", "Q&amp;A", "an entity: '&amp;'"),
        ("eng", "see www.example.org now", "a web address"),
        ("eng", "NaN", "stands for no text"),
        ("eng", "\uff08laughs\uff09", "is an annotation alone"),
        ("eng", "[noise] <unk>.", "is an annotation alone"),
        ("zho", "2024", "is in digits alone"),
        ("ara", "\u0661\u0662", "is in digits alone"),
    ],
)
def test_doubtful_text(code, text, problem):
    assert any(problem in found for found in problems(code, text)), problems(code, text)


NORMAL = [
    ("mdw", "Wáá nω lóokya pώω yéédí tεε ó mísi má Nzambé"),  # Greek letters in Latin words
    ("mdw", "ωpεpε mώωkωω"),
    ("fon", "É ɖɔ nú mì ɖɔ: «Xɔ́ntɔn ce!»"),
    ("que", "Manan allintachu p'unchay ñuqaqa ñan"),
    ("gle", "Tá sé i mBaile Átha Cliath; d’imigh an tAire"),
    ("mlt", "L-Għid it-tajjeb, x'għandek?"),
    ("cat", "L'ús del col·legi és d'aquí"),
    ("vie", "Tiếng Việt có Â và Ã, ĐÃ…"),
    ("por", "NÃO, A MAÇÃ… “MAÇÔ – à “avó”"),
    ("deu", "Das macht Spaß… „Groß“ – ÄÖÜß"),
    ("fra", "À l’été, il a dit : « OÙ ÇA ? » DÉJÀ…"),
    ("rus", "Купил iPhone'ы и SMSки в IT-отделе, 3G"),
    ("aeb", "نمشي للـ boulangerie غدوة ان شاء الله"),
    ("zho", "我在Google工作，2024年5月3日。"),
    ("jpn", "今日はＮＨＫを見た（笑）。"),
    ("tha", "วันนี้ 5 โมงเย็น"),
    ("hin", "क्\u200dष और ज़िंदगी"),
    ("eng", "AT&T and R&D; a < b and c > d, Q&A"),
    ("eng", "He (laughs) went to C:\\new at 5, no?"),
    ("eng", "None"),
    ("deu", "null"),
    ("est", "null"),
    ("fra", "na"),
    ("swa", "ng'ombe"),
    ("kor", "월로프어, 38분 후"),
]


@pytest.mark.parametrize("code, text", NORMAL)
def test_normal_text(code, text):
    assert problems(code, text) == []


@pytest.mark.parametrize(
    "one, other, problem",
    [
        ("all of this is in English", "All of this is in English.", "texts are equal"),
        ("three words here", "trois", ""),
        ("Paris, Lyon and Nice", "Paris, Lyon and Nice", ""),  # names
        ("Monaco 24", "Monaco 24", ""),
        ("yes", "o" * 51, "have 3 and 51 characters"),
        ("yes", "o" * 20, ""),
        ("", "trois mots ici", ""),
    ],
)
def test_doubtful_pair(one, other, problem):
    assert pair_defect("eng", one, "fra", other).endswith(problem)
    assert bool(pair_defect("eng", one, "fra", other)) == bool(problem)


def test_a_chinese_character_is_as_much_as_some_letters():
    assert pair_defect("eng", "a" * 100, "zho", "\u4e00" * 5) == ""
    assert pair_defect("eng", "a" * 100, "fra", "o" * 9) != ""


@pytest.mark.parametrize("text", ["<" * 300_000, "&a" * 150_000, "[(" * 150_000, "<a b" * 80_000])
def test_long_text_takes_no_longer_than_its_length(text):
    started = time.process_time()
    list(text_defects("eng", text))
    assert time.process_time() - started < 5
