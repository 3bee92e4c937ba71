"""The table of languages: the code of each language in every resource, and how it is scored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language and its code in each resource; None where the resource lacks it."""

    code: str  # ISO 639-3, used throughout the workbook
    family: str
    script: str  # ISO 15924
    locale: str | None  # CLDR
    voice: str | None  # espeak-ng
    seamless: str | None  # SeamlessM4T-v2, as speech input
    whisper: str | None
    fleurs: str | None
    common_voice: str | None
    nllb: str | None  # NLLB-200, as text: its FLORES-200 code
    unit: str  # of the error rate: "word" (WER) or "char" (CER)
    name: str

    @property
    def token(self) -> str:
        """Seamless's language token; a language that Seamless lacks has one of the same form."""
        return f"__{self.seamless or self.code}__"

    @property
    def bleu_tokenizer(self) -> str:
        """As in LLM-SRT: "char" for languages that are written without spaces between words."""
        return "char" if self.unit == "char" else "13a"


# The columns are the fields of Language, in order; "-" is None.
_TABLE = """
eng Germanic      Latn en  en-us eng en  en_us       en    eng_Latn word English
deu Germanic      Latn de  de    deu de  de_de       de    deu_Latn word German
nld Germanic      Latn nl  nl    nld nl  nl_nl       nl    nld_Latn word Dutch
fra Romance       Latn fr  fr    fra fr  fr_fr       fr    fra_Latn word French
spa Romance       Latn es  es    spa es  es_419      es    spa_Latn word Spanish
ita Romance       Latn it  it    ita it  it_it       it    ita_Latn word Italian
por Romance       Latn pt  pt    por pt  pt_br       pt    por_Latn word Portuguese
cat Romance       Latn ca  ca    cat ca  ca_es       ca    cat_Latn word Catalan
est Uralic        Latn et  et    est et  et_ee       et    est_Latn word Estonian
gle Celtic        Latn ga  ga    gle -   ga_ie       ga-IE gle_Latn word Irish
mlt Semitic       Latn mt  mt    mlt mt  mt_mt       mt    mlt_Latn word Maltese
mar Indo-Aryan    Deva mr  mr    mar mr  mr_in       mr    mar_Deva word Marathi
hin Indo-Aryan    Deva hi  hi    hin hi  hi_in       hi    hin_Deva word Hindi
que Quechuan      Latn qu  qu    -   -   -           quy   quy_Latn word Quechua
swa Bantu         Latn sw  sw    swh sw  sw_ke       sw    swh_Latn word Swahili
ara Semitic       Arab ar  ar    arb ar  ar_eg       ar    arb_Arab word Arabic
rus Slavic        Cyrl ru  ru    rus ru  ru_ru       ru    rus_Cyrl word Russian
ind Austronesian  Latn id  id    ind id  id_id       id    ind_Latn word Indonesian
vie Austroasiatic Latn vi  vi    vie vi  vi_vn       vi    vie_Latn word Vietnamese
tha Tai           Thai th  th    tha th  th_th       th    tha_Thai char Thai
jpn Japonic       Jpan ja  ja    jpn ja  ja_jp       ja    jpn_Jpan char Japanese
kor Koreanic      Kore ko  ko    kor ko  ko_kr       ko    kor_Hang char Korean
zho Sinitic       Hans zh  cmn   cmn zh  cmn_hans_cn zh-CN zho_Hans char Chinese
yue Sinitic       Hant yue yue   yue yue yue_hant_hk yue   yue_Hant char Cantonese
bho Indo-Aryan    Deva -   -     -   -   -           -     bho_Deva word Bhojpuri
aeb Semitic       Arab -   -     -   -   -           -     aeb_Arab word Tunisian Arabic
apc Semitic       Arab -   -     -   -   -           -     apc_Arab word North Levantine Arabic
bem Bantu         Latn -   -     -   -   -           -     bem_Latn word Bemba
fon Gbe           Latn -   -     -   -   -           -     fon_Latn word Fon
mdw Bantu         Latn -   -     -   -   -           -     -        word Mboshi
"""


def _parse_row(line: str) -> Language:
    names = list(Language.__dataclass_fields__)
    values = line.split(maxsplit=len(names) - 1)  # a name may contain spaces
    fields = zip(names, values, strict=True)
    return Language(**{name: None if value == "-" else value for name, value in fields})


LANGUAGES: dict[str, Language] = {
    row.code: row for row in map(_parse_row, _TABLE.strip().splitlines())
}


def language(code: str) -> Language:
    """The row of an ISO 639-3 code.

    Raises:
        ValueError: unknown code; the message suggests a similar one.
    """
    if code in LANGUAGES:
        return LANGUAGES[code]
    by_name = (row.code for row in LANGUAGES.values() if row.name.lower() == code.lower())
    similar = code_of_tag(code) or next(by_name, "")
    hint = f"did you mean {similar!r}? " if similar else ""
    raise ValueError(
        f"unknown language {code!r:.100}: {hint}use an ISO 639-3 code, one of "
        f"{' '.join(LANGUAGES)}; to add a language, add a row to lib/languages.py"
    )


def parse_languages(text: str) -> tuple[str, ...]:
    """Languages such as "eng deu".

    Raises:
        ValueError: there is none, or an unknown one.
    """
    found = tuple(dict.fromkeys(language(code).code for code in text.replace(",", " ").split()))
    if not found:
        raise ValueError("no language is given; write them as: eng deu")
    return found


def code_of_tag(tag: str) -> str | None:
    """The ISO 639-3 code of what means a language of the table; None if nothing in it is meant.

    Args:
        tag: in any case, such as "Eng", ISO 639-1 "fr", ISO 639-2 "fre", BCP 47 "fr-FR" or
            "zh-yue", or the code of a resource ("swh", "fra_Latn").
    """
    from babel.core import get_global

    language_part, *others = tag.strip().lower().replace("_", "-").split("-")
    # a second subtag of three letters is a language within the first
    for part in (*(other for other in others[:1] if len(other) == 3), language_part):
        names = {part, get_global("language_aliases").get(part)} - {None}
        for row in LANGUAGES.values():
            known = (row.code, row.locale, row.seamless, row.whisper, row.nllb, row.common_voice)
            if not names.isdisjoint(name.partition("_")[0] for name in known if name):
                return row.code
    return None


def iso_code_of(resource: str, code: str) -> str | None:
    """The ISO 639-3 code of a resource's code; None if it is unknown.

    Args:
        resource: a field of Language, such as "fleurs".
    """
    return next((row.code for row in LANGUAGES.values() if getattr(row, resource) == code), None)
