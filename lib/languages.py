"""One table of languages: every code, voice and scoring habit that the rest of the workbook looks up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language under the names that its resources use; None where the resource does not have it."""

    code: str  # ISO 639-3, the workbook's own name for it
    name: str
    family: str
    script: str  # ISO 15924
    locale: str | None = None  # CLDR
    voice: str | None = None  # espeak-ng
    seamless: str | None = None  # SeamlessM4T-v2, as speech input
    whisper: str | None = None
    fleurs: str | None = None
    common_voice: str | None = None
    nllb: str | None = None  # NLLB-200, as text: its FLORES-200 code
    bleu_tokenizer: str = "13a"  # LLM-SRT: `char` where words are not set apart
    unit: str = "word"  # the unit of the error rate: "word" (WER) or "char" (CER)

    @property
    def token(self) -> str:
        """Seamless's language token; a language Seamless lacks gets one in the same form."""
        return f"__{self.seamless or self.code}__"


def _rows() -> list[Language]:
    L = Language
    char = {"bleu_tokenizer": "char", "unit": "char"}
    return [
        L("eng", "English", "Germanic", "Latn", "en", "en-us", "eng", "en", "en_us", "en", "eng_Latn"),
        L("deu", "German", "Germanic", "Latn", "de", "de", "deu", "de", "de_de", "de", "deu_Latn"),
        L("nld", "Dutch", "Germanic", "Latn", "nl", "nl", "nld", "nl", "nl_nl", "nl", "nld_Latn"),
        L("fra", "French", "Romance", "Latn", "fr", "fr", "fra", "fr", "fr_fr", "fr", "fra_Latn"),
        L("spa", "Spanish", "Romance", "Latn", "es", "es", "spa", "es", "es_419", "es", "spa_Latn"),
        L("ita", "Italian", "Romance", "Latn", "it", "it", "ita", "it", "it_it", "it", "ita_Latn"),
        L("por", "Portuguese", "Romance", "Latn", "pt", "pt", "por", "pt", "pt_br", "pt", "por_Latn"),
        L("cat", "Catalan", "Romance", "Latn", "ca", "ca", "cat", "ca", "ca_es", "ca", "cat_Latn"),
        L("est", "Estonian", "Uralic", "Latn", "et", "et", "est", "et", "et_ee", "et", "est_Latn"),
        L("gle", "Irish", "Celtic", "Latn", "ga", "ga", "gle", None, "ga_ie", "ga-IE", "gle_Latn"),
        L("mlt", "Maltese", "Semitic", "Latn", "mt", "mt", "mlt", "mt", "mt_mt", "mt", "mlt_Latn"),
        L("mar", "Marathi", "Indo-Aryan", "Deva", "mr", "mr", "mar", "mr", "mr_in", "mr", "mar_Deva"),
        L("hin", "Hindi", "Indo-Aryan", "Deva", "hi", "hi", "hin", "hi", "hi_in", "hi", "hin_Deva"),
        L("que", "Quechua", "Quechuan", "Latn", "qu", "qu", None, None, None, "quy", "quy_Latn"),
        L("swa", "Swahili", "Bantu", "Latn", "sw", "sw", "swh", "sw", "sw_ke", "sw", "swh_Latn"),
        L("ara", "Arabic", "Semitic", "Arab", "ar", "ar", "arb", "ar", "ar_eg", "ar", "arb_Arab"),
        L("rus", "Russian", "Slavic", "Cyrl", "ru", "ru", "rus", "ru", "ru_ru", "ru", "rus_Cyrl"),
        L("ind", "Indonesian", "Austronesian", "Latn", "id", "id", "ind", "id", "id_id", "id", "ind_Latn"),
        L("vie", "Vietnamese", "Austroasiatic", "Latn", "vi", "vi", "vie", "vi", "vi_vn", "vi", "vie_Latn"),
        L("tha", "Thai", "Tai", "Thai", "th", "th", "tha", "th", "th_th", "th", "tha_Thai", **char),
        L("jpn", "Japanese", "Japonic", "Jpan", "ja", "ja", "jpn", "ja", "ja_jp", "ja", "jpn_Jpan", **char),
        L("kor", "Korean", "Koreanic", "Kore", "ko", "ko", "kor", "ko", "ko_kr", "ko", "kor_Hang", **char),
        L("zho", "Chinese", "Sinitic", "Hans", "zh", "cmn", "cmn", "zh", "cmn_hans_cn", "zh-CN", "zho_Hans", **char),
        L("yue", "Cantonese", "Sinitic", "Hant", "yue", "yue", "yue", "yue", "yue_hant_hk", "yue", "yue_Hant", **char),
        L("bho", "Bhojpuri", "Indo-Aryan", "Deva", nllb="bho_Deva"),
        L("aeb", "Tunisian Arabic", "Semitic", "Arab", nllb="aeb_Arab"),
        L("apc", "North Levantine Arabic", "Semitic", "Arab", nllb="apc_Arab"),
        L("bem", "Bemba", "Bantu", "Latn", nllb="bem_Latn"),
        L("fon", "Fon", "Gbe", "Latn", nllb="fon_Latn"),
        L("mdw", "Mboshi", "Bantu", "Latn"),
    ]


LANGUAGES: dict[str, Language] = {row.code: row for row in _rows()}


def language(code: str) -> Language:
    """The row of an ISO 639-3 code.

    Raises:
        ValueError: for a code that the table lacks, naming the near ones and how to add a row.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    near = [row.code for row in LANGUAGES.values() if code and code.lower() in (row.locale, row.whisper, row.name.lower())]
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(
        f"unknown language {code!r}: {hint}the workbook uses ISO 639-3 codes; known are {' '.join(LANGUAGES)}. "
        "To add one, add a row to lib/languages.py"
    )


def iso_code_of(resource: str, code: str) -> str | None:
    """The ISO 639-3 code of what a resource (a column of the table, such as `fleurs`) calls `code`; None if unknown."""
    return next((row.code for row in LANGUAGES.values() if getattr(row, resource) == code), None)
