import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.display import player as player_module
from lib.display.player import Clips, encode_ogg, player, spectrogram
from lib.utterance import media_fragment
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, is_escaped


def frequency(path):
    """The strongest frequency of the encoded sound in Hz, from its first second."""
    samples, rate = soundfile.read(io.BytesIO(encode_ogg(path)))
    spectrum = np.abs(np.fft.rfft(samples[:rate]))
    return np.argmax(spectrum) * rate / min(rate, len(samples))


@pytest.fixture
def clips(tmp_path):
    paths = [tone(tmp_path / f"{name}.wav") for name in ("first", "second")]
    rows = [{"text": "first"}, {"text": "second"}]
    return Clips(rows=rows, audio=paths, caption="two clips")


def test_the_encoded_sound_is_that_of_the_file(tmp_path):
    assert frequency(tone(tmp_path / "a.wav", 1.0, pitch=440)) == pytest.approx(440, abs=3)


def test_a_part_of_a_file_is_encoded_alone(tmp_path):
    samples, rate = soundfile.read(tone(tmp_path / "low.wav", 1.0, pitch=220))
    high, _ = soundfile.read(tone(tmp_path / "high.wav", 1.0, pitch=880))
    soundfile.write(tmp_path / "both.wav", np.concatenate([samples, high]), rate)
    assert frequency(media_fragment(tmp_path / "both.wav", 1.0, 2.0)) == pytest.approx(880, abs=3)


def test_long_clips_are_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(player_module, "MAX_SECONDS", 0.5)
    encoded = encode_ogg(tone(tmp_path / "long.wav", 2.0))
    assert soundfile.info(io.BytesIO(encoded)).duration == pytest.approx(0.5, abs=0.05)


def test_an_unreadable_file_shows_its_escaped_error():
    html = player(f"/no/{MARKUP}.wav")
    assert html.startswith("<span class='wrong'>/no/&lt;script")


def test_an_unreadable_file_has_no_spectrogram():
    assert spectrogram("/no/file.wav") == ""


def test_a_clip_below_one_frame_has_no_spectrogram(tmp_path):
    assert spectrogram(tone(tmp_path / "short.wav", 0.01)) == ""


def test_a_spectrogram_states_its_length(tmp_path):
    assert "alt='spectrogram of 0.5 s'" in spectrogram(tone(tmp_path / "a.wav", 0.5))


def test_clips_embed_their_sound(clips):
    assert clips.to_html().count("data:audio/ogg;base64,") == 2


def test_clips_embed_their_spectrograms(clips):
    assert clips.to_html().count("data:image/png;base64,") == 2


def test_spectrograms_can_be_left_out(clips):
    assert "data:image" not in replace(clips, spectrograms=False).to_html()


def test_clips_need_no_network(clips):
    assert "http" not in clips.to_html()


def test_captions_and_facts_are_escaped(tmp_path):
    path = tone(tmp_path / "a.wav")
    assert is_escaped(Clips(rows=[{"text": MARKUP}], audio=[path], caption=MARKUP).to_html())


def test_the_table_has_facts_and_paths(clips):
    assert list(clips.table().columns) == ["text", "audio"]


def test_the_filter_ignores_case(clips):
    assert clips.matching("SECOND").rows == [{"text": "second"}]


def test_the_filter_keeps_the_sound_of_its_rows(clips):
    assert clips.matching("second").audio == clips.audio[1:]


def test_the_widget_filters(clips):
    box, page = clips.live().children
    box.value = "second"
    assert "<td>first</td>" not in page.value
