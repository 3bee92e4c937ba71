"""How chat models refuse a task, and how they reply to what was said, in many languages."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOT = (
    r"\b(?:no|not|cannot|can t|couldn t|don t|didn t|nothing|nicht|kein\w*|nichts|kann|ne|n|pas"
    r"|rien|aucun\w*|nada|ning\w+|non|nessun\w*|nulla|não|nenhum\w*|niet|geen|niets|res|cap|ei|pole"
    r"|tidak|не|нет|ничего|नहीं|नाही|لا|لم|không)"
)
# to hear, understand, get or do what was asked, or to be able to
_ABLE = (
    r"provid|receiv|given|recording|audio|proporcion|recib|receb|ricev|forn|reçu|fourni|gegeben"
    r"|erhalten|ontvang|получ|able|hear|listen|understand|access|process|open|play|help|assist"
    r"|answer|transcri|translat"
    r"|hör|versteh|zugreif|verarbeit|öffn|helf|antwort|übersetz|transkri|nicht|möglich|entend"
    r"|écout|compren|comprends|traiter|aider|répond|tradu|oír|oigo|escuch|entiend|acced|proces"
    r"|puedo|podemos|logro|consig|posso|possiamo|riesco|sent[io]|ascolt|cap[io]|elabor|aiut|rispond"
    r"|ouv|ouço|escut|compreend|ajud|puc|podem|escolt|entenc|hoor|horen|versta|verwerk|lukt|kan"
    r"|kuul|saa|mõista|mõist|dengar|dapat|bisa|mampu|paham|mengerti|sikii|elewa|могу|слыш|понима"
    r"|удал|удаётся|सुन|समझ|सक|ऐक|समज|शक|أسمع|أفهم|أستطيع|يمكن|nghe|hiểu"
)
# A refusal speaks of the task instead of what was said: two of these kinds of words, in normalized
# texts, that no known text has. Stems from general knowledge of the languages, not from a corpus.
_OF_REFUSALS = {
    "an apology": r"\b(?:sorry|apolog|unfortunately|i regret|i m afraid|leider|entschuldig|bedaure"
    r"|tut mir leid|désolé|malheureusement|je regrette|lo siento|lament|disculp|mi dispiace"
    r"|purtroppo|desculp|infelizmente|helaas|het spijt|ho sento|malauradament|kahjuks|vabandust"
    r"|maaf|sayangnya|samahani|к сожалению|извин|простите|xin lỗi)|抱歉|对不起|遗憾|申し訳"
    r"|すみません|残念|ごめん|क्षमा|माफ|खेद|عذر|آسف|للأسف|죄송|미안",
    "an inability": rf"(?:{_NOT})\b.{{0,30}}?(?:{_ABLE})|\b(?:unable|impossib|impossív|imposib"
    r"|onmogelijk|unmöglich|невозможно|haiwezekani|siwezi|असमर्थ)|无法|不能|没法|听不"
    r"|没有听|できま|できない|聞こえ(?:ま|な)|할 수 없",
    "the recording": r"\b(?:audio|recording|sound file|clip|transcript|aufnahme|tondatei|datei"
    r"|enregistrement|fichier|grabación|archivo|registrazione|gravação|arquivo|áudio|opname"
    r"|geluid|bestand|gravació|àudio|arxiu|helifail|salvestis|rekaman|suara|sauti|rekodi|аудио"
    r"|запис|файл)|音频|录音|语音|文件|音声|録音|ファイル|ऑडियो|रिकॉर्ड|आवाज|صوت|تسجيل|ملف|오디오|녹음",
    "a model": r"\b(?:(?:language|linguistic) model|ai\b|assistant|sprachmodell|ki\b|assistent"
    r"|modèle (?:de langage|linguistique)|ia\b|modelo de l|asistente|modello linguistico"
    r"|assistente|taalmodel|model de llengua|keelemudel|model bahasa|asisten|языковая модель)"
    r"|语言模型|人工智能|助手|言語モデル|アシスタント|भाषा मॉडल|نموذج لغوي|مساعد|언어 모델",
    "the task": r"\b(?:transcri|translat|help you|assist you|instruction|transkri|übersetz|traduc"
    r"|traduire|traduz|tradur|traduir|trascri|transcr|vertal|tõlk|terjemah|tafsiri|перев[её]|перевод"
    r"|транскри)|翻译|转写|转录|翻訳|書き起こ|文字起こし|अनुवाद|ترجم|번역",
    "a request": r"\b(?:please|could you|can you|would you|bitte|veuillez|pourriez|por favor"
    r"|podría|per favore|potrebbe|poderia|alstublieft|kunt u|kun je|si us plau|palun|silakan|mohon"
    r"|tafadhali|пожалуйста|пришлите)|请|ください|कृपया|يرجى|من فضلك|주세요",
}
_KINDS = {kind: re.compile(words) for kind, words in _OF_REFUSALS.items()}
_ABOUT_IT = ("the recording", "the task")  # a refusal is more than these
# How chat models reply to what was said, in normalized texts; from general knowledge of them.
REPLIES = re.compile(
    r"^(?:yes|no|sure|of course|thank you for|ja|nein|doch|klar|natürlich|oui|non|bien sûr|sí"
    r"|claro|sì|certo|sim|да|нет)\b|\byou (?:should|could|can|need|might)\b|sorry to hear"
    r"|\bi (?:think|hope|recommend|suggest|would)\b"
    r"|that (?:s|sounds) (?:very |really )?(?:good|great|nice|interesting)|look forward"
    r"|the answer is|you re welcome|get well|sie sollten|sollten sie|gute besserung"
    r"|\bich (?:empfehle|würde|glaube|denke)\b|gern geschehen|du (?:solltest|kannst)|das klingt"
    r"|vous (?:devriez|pouvez)|je vous|deberías?\b|te recomiendo|de nada|dovresti|deveria"
    r"|建议|您|你可以|当然|不客气|应该|听起来|はい|いいえ|ましょう|お大事"
)


def refusal(plain: str, known: Sequence[str]) -> str:
    """What makes a normalized output a refusal; empty: it is none.

    Args:
        known: true texts, normalized; their words are no sign.
    """
    matches = {kind: words.search(plain) for kind, words in _KINDS.items()}
    found = {
        kind: match[0]
        for kind, match in matches.items()
        if match and not any(match[0] in line for line in known)
    }
    if len(found) < 2 or set(found) <= set(_ABOUT_IT):
        return ""
    return ", ".join(f"{kind} (“{words}”)" for kind, words in found.items())
