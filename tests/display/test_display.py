import numpy as np
import soundfile

from lib.display.alignment import difference
from lib.display.curve import Curve
from lib.display.html import number, table
from lib.display.player import Clips, ogg, player
from lib.display.plots import scores_by_pair, scores_with_intervals, training_curves
from lib.display.training_views import listening, rehearsal
from lib.display.views import against_best_baseline, best_baseline, chosen, exact_share_check
from lib.files import write_json
from lib.scoring.outputs import OutputRow
from lib.training.log import Heard, Log

EVIL = "<script>alert('x')</script>"


def said(system, strategy, texts, references, audio=""):
    return [
        OutputRow(system, strategy, "direct", "ST", "est", "eng", "test", 1, str(i), f"s{i % 12}", 1.0, audio, r, t, 3, None, "end")
        for i, (t, r) in enumerate(zip(texts, references, strict=True))
    ]


def test_text_of_a_corpus_or_a_model_cannot_become_markup(corpus):
    path = corpus.utterances[0].audio
    shown = [
        table([{EVIL: EVIL}]),
        difference(EVIL + " b", EVIL + " c"),
        difference("", EVIL),
        Clips([{"text": EVIL}], [path], EVIL).to_html(),
        player(f"/no/{EVIL}.wav"),
        chosen(said("gmu", "direct", [EVIL] * 6, ["a b"] * 6, str(path)), 6).to_html(),
    ]
    assert all("<script" not in html and "&lt;script" in html for html in shown)


def test_alignment_marks_what_is_wrong_and_what_is_missing():
    html = difference("in 6 hours and Friday", "in 7 hours Friday")
    assert "<span class='missing'>6</span> <span class='wrong'>7</span>" in html and "<span class='missing'>and</span>" in html


def test_clips_carry_their_sound_and_need_nothing_else(corpus):
    clips = Clips([{"text": "a"}], [corpus.utterances[0].audio])
    html = clips.to_html()
    assert "data:audio/ogg;base64," in html and "data:image/png;base64," in html and "http" not in html
    assert list(clips.table().columns) == ["text", "audio"]


def test_live_clips_filter(corpus):
    clips = Clips([{"text": "first"}, {"text": "second"}], [u.audio for u in corpus.utterances[:2]], pictures=False)
    box, page = clips.live().children
    assert "first" in page.value and "second" in page.value
    box.value = "SECOND"
    assert "first" not in page.value and "second" in page.value


def test_ogg_is_the_sound(tmp_path):
    import io

    tone = (0.3 * np.sin(np.arange(16000) * 2 * np.pi * 440 / 16000)).astype(np.float32)
    soundfile.write(tmp_path / "t.wav", tone, 16000)
    heard, rate = soundfile.read(io.BytesIO(ogg(tmp_path / "t.wav")))
    assert rate == 16000 and abs(np.argmax(np.abs(np.fft.rfft(heard[:16000]))) - 440) < 3


def test_numbers_for_people():
    assert [number(v) for v in (None, float("nan"), 3.14159, 12345, "a<b")] == ["", "", "3.14", "12,345", "a&lt;b"]


def test_examples_are_chosen_by_rule(corpus):
    references = [f"word{i} and more" for i in range(9)]
    texts = [r if i < 3 else "word and more" if i < 6 else "zzz" for i, r in enumerate(references)]
    rows = chosen(said("gmu", "direct", texts, references, str(corpus.utterances[0].audio)), 6).rows
    assert [row["chrF++"] for row in rows] == sorted((row["chrF++"] for row in rows), reverse=True)
    assert rows[0]["chrF++"] == 100.0 and rows[-1]["chrF++"] < 10


def test_comparison_with_the_best_baseline():
    references = [f"the cat number {i} sat on the mat" for i in range(24)]
    rows = said("gmu", "direct", references, references)
    rows += said("baseline", "constant", ["the cat number 3 sat on the mat"] * 24, references)
    rows += said("baseline", "silence", ["x"] * 24, references)
    assert best_baseline(rows, "BLEU") == "constant"
    gap = against_best_baseline(rows, "BLEU")
    assert 0 < gap.low <= gap.value <= gap.high
    assert "it is 1.00" in exact_share_check(0.5, rows).body


def test_figures_draw_with_and_without_scores():
    assert training_curves(
        {"a": [{"update": 1, "loss": 2.0, "score": None}], "b": [{"update": 1, "loss": 2.0, "score": 3.0}]}
    ).axes
    assert scores_with_intervals([], "BLEU").axes


def test_the_live_curve_stays_small_and_escapes(tmp_path):
    curve = Curve(EVIL, 200_000)
    for update in range(1, 200_001):
        curve.add(update, 5.0 / update if update != 7 else float("nan"), 10.0 if update % 50_000 == 0 else None)
    page = curve.page(EVIL).body
    assert len(page) < 8_000 and EVIL not in page and "nan" not in page
    assert page.count("<circle") == 4 and "2.5e-05" in page  # it ends where the training ended


def test_listening_shows_each_change_and_marks_what_is_wrong(corpus, tmp_path):
    audio = str(corpus.utterances[0].audio)
    with Log(tmp_path, 0) as log:
        for update, said in ((1, EVIL), (2, EVIL), (3, "one two")):
            log.heard([Heard(update, "a", audio, "one two", said)])
    page = listening(tmp_path)
    assert EVIL not in page and page.count("&lt;script&gt;") == 1 and page.count("<audio") == 1 and "one two</td>" in page


def test_the_rehearsal_is_shown_with_what_no_gradient_reached(tmp_path):
    facts = {
        "batches": [{"items": 3, "longest": EVIL, "size": 2.5}],
        "trains": [{"part": EVIL, "parameters": 5}],
        "no_gradient": ["model.text_encoder"],
    }
    write_json(tmp_path / "rehearsal.json", facts)
    page = rehearsal(tmp_path).body
    assert EVIL not in page and "no gradient reached: model.text_encoder" in page


def test_scores_stand_in_a_panel_a_pair_and_corpus_the_best_at_the_top():
    def row(run, strategy, source, value):
        facts = {"run": run, "strategy": strategy, "source": source, "target": "eng", "system": "gmu", "metric": "BLEU"}
        return facts | {"value": value, "low": value - 1, "high": value + 1}

    rows = [row("10", "direct", "mlt", 4.0), row("10", "direct", "est", 5.0), row("13", "asr_init", "est", 9.0),
            row("10,corpus=own", "direct", "est", 1.0)]  # fmt: skip
    panels = {axes.get_title(loc="left"): axes for axes in scores_by_pair(rows, "BLEU").axes}
    assert list(panels) == ["est→eng", "est→eng own", "mlt→eng", ""]  # the fourth place stays empty
    assert [text.get_text() for text in panels["est→eng"].get_yticklabels()] == ["10  direct", "13  asr_init"]  # from below
    assert scores_by_pair([], "BLEU").axes
