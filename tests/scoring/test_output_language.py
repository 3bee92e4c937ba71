"""The language of outputs and of their words, on texts with known languages."""

import random

import pytest

from lib.corpora import phrasebook
from lib.languages import LANGUAGES
from lib.scoring.output_language import observed_language, words_in_each


@pytest.mark.parametrize(
    "text, code",
    [
        ("My sister works at a small bakery downtown.", "eng"),
        ("Morgen fahren wir nach Hamburg", "deu"),
        ("De trein naar Amsterdam vertrekt te laat", "nld"),
        ("Le week-end prochain, ils font du camping", "fra"),
        ("El gobierno anunció nuevas medidas", "spa"),
        ("Il governo ha annunciato nuove misure", "ita"),
        ("O governo anunciou novas medidas", "por"),
        ("Minu õde töötab väikeses pagariäris.", "est"),
        ("Besok kami berangkat ke Bandung", "ind"),
        ("Chị tôi làm việc ở một tiệm bánh nhỏ.", "vie"),
        ("माझी बहीण एका लहान बेकरीत काम करते.", "mar"),
        ("मेरी बहन एक छोटी बेकरी में काम करती है।", "hin"),
        ("我妹妹在一家小面包店工作，每天很早起床。", "zho"),
        ("私の妹は小さなパン屋で働いています。", "jpn"),
        ("제 여동생은 작은 빵집에서 일해요.", "kor"),
        ("Моя сестра работает в маленькой пекарне.", "rus"),
        ("Huomenna lähdemme Helsinkiin junalla", "fin"),
        ("2024, 12:30", ""),
        ("", ""),
    ],
)
def test_the_language_is_found_whatever_is_likely(text, code):
    for likely in ((), ("eng", "deu"), ("spa", "cat"), tuple(LANGUAGES)[-3:]):
        assert observed_language(text, likely) == code, likely


@pytest.mark.parametrize(
    "text, code",
    [
        ("Uyu muntu alefwaya ukulanda na bonse", "bem"),
        ("Mɛ ɖokpo ɖokpo ɖó acɛ bo na nɔ fí", "fon"),
        ("Wasikunapi runakuna allinta tiyachkanku", "que"),
        ("ई किताब हमार भाई खातिर बा", "bho"),
        ("برشا عباد ما يعرفوش علاش", "aeb"),
        ("人哋話佢唔喺度，我哋聽日再嚟", "yue"),
    ],
)
def test_a_likely_language_is_found_that_the_identifier_does_not_know(text, code):
    assert observed_language(text, ("eng", code)) == code


def test_a_known_text_tells_the_language_of_its_renderings():
    text = "mwana a bisi"
    assert observed_language("mwanna a bisi", ("fra", "mdw"), {"mdw": text}) == "mdw"


def test_sentences_of_the_phrasebook_are_in_their_language():
    pairs = random.Random(1)
    codes = [code for code in LANGUAGES if LANGUAGES[code].locale]
    wrong = []
    for code in set(codes) - {"que"}:  # CLDR's Quechua has the words of Spanish
        book = phrasebook.Phrasebook(spoken=(code,), written=(), train=0, dev=0, test=0)
        texts = [book.texts(content)[code] for content in book.contents("test", 60)]
        for text in texts:
            found = observed_language(text, (code, pairs.choice(codes)))
            wrong += [(code, found, text)] * (found != code and len(text) >= 20)
    assert len(wrong) <= 0.01 * 60 * len(codes), wrong


def test_words_are_counted_in_each_of_two_languages():
    text = "The bridge is old und die Brücke ist alt 12"
    assert words_in_each(text, ("eng", "deu"), {}) == [4.0, 5.0]
    assert words_in_each("Berlin is", ("eng", "deu"), {}) == [0.0, 0.0]
