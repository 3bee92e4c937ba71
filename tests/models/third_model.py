"""The smallest decoder-only `TranslationModel`: speech, then a prompt, then the target."""

from __future__ import annotations

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM

from lib.data.batch import IGNORED, TokenLayout, pad
from lib.data.features import MELS, FbankExtractor
from lib.data.store import default_cost
from lib.models.protocol import Hypothesis
from lib.models.tokenizer import add_seamless_language, text_ids

WINDOW_SECONDS = 30.0  # each clip costs as much, as with Whisper's fixed windows
STACK = 8


class SpeechLanguageModel(nn.Module):
    """Stacked filter banks through one linear layer into the embeddings of a small Qwen2."""

    parts = {"speech_encoder": ("speech_encoder",), "language_model": ("language_model",)}
    export_classes = {"text": "Qwen2ForCausalLM"}

    def __init__(self, tokenizer, hidden=32, seed=1):
        super().__init__()
        self.tokenizer, self.pad_token_id = tokenizer, tokenizer.pad_token_id
        config = Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            initializer_range=hidden**-0.5,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.speech_encoder = nn.Linear(MELS * STACK, hidden)
            self.language_model = Qwen2ForCausalLM(config)

    def feature_extractor(self, max_seconds):
        return FbankExtractor(STACK, max_seconds)

    def add_language(self, code):
        return add_seamless_language(self.tokenizer, code, self.language_model.config.vocab_size)

    def layout(self, example, max_tokens):
        """Instruction, source text of MT, target language; then the target."""
        text = f"{example.prompt} {example.source_text}"
        prompt = [*text_ids(self.tokenizer, text), self.add_language(example.target)]
        target = text_ids(self.tokenizer, example.target_text)
        tokens = [*prompt, *target[: max_tokens - 1], self.tokenizer.eos_token_id]
        return TokenLayout(
            prefix=tokens[:-1],
            labels=[IGNORED] * (len(prompt) - 1) + tokens[len(prompt) :],
            prompt_length=len(prompt),
            truncated=len(target) > max_tokens - 1,
        )

    def cost(self, example):
        return WINDOW_SECONDS if example.task.speech_input else default_cost(example)

    @property
    def vocabulary_size(self):
        return self.language_model.config.vocab_size

    def output_states(self, batch):
        rows, starts = self._spliced(batch, [batch.prefix.shape[1]] * len(batch.examples))
        # padding is on the right
        found = self.language_model.model(inputs_embeds=pad(rows, 0.0)).last_hidden_state
        width = batch.prefix.shape[1]
        return torch.stack([row[at : at + width] for row, at in zip(found, starts, strict=True)])

    def head(self, states):
        return self.language_model.lm_head(states)

    def logits(self, batch):
        return self.head(self.output_states(batch))

    def generate(self, batch, search):
        rows, _ = self._spliced(batch, batch.prompt_lengths)
        # on the left, because generation goes on after the last position
        embedded = pad([row.flip(0) for row in rows], 0.0).flip(1)
        mask = pad([torch.ones(len(row)) for row in rows], 0.0).flip(1).to(embedded.device)
        found = self.language_model.generate(
            inputs_embeds=embedded,
            attention_mask=mask.long(),
            num_beams=search.beams,
            num_return_sequences=search.n_best,
            length_penalty=search.length_penalty,
            max_new_tokens=search.max_new_tokens,
            do_sample=False,
            output_scores=True,
            return_dict_in_generate=True,
        )
        beams = found.get("beam_indices")
        scores = self.language_model.compute_transition_scores(
            found.sequences, found.scores, beams, normalize_logits=beams is None
        )
        made = [self._hypothesis(*row, search) for row in zip(found.sequences, scores, strict=True)]
        ids = [example.id for example in batch.examples for _ in range(search.n_best)]
        named = [Hypothesis(id=id, **facts) for id, facts in zip(ids, made, strict=True)]
        return [named[i : i + search.n_best] for i in range(0, len(named), search.n_best)]

    def save(self, folder):
        self.language_model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        save_file(self.speech_encoder.state_dict(), folder / "speech_encoder.safetensors")

    def _spliced(self, batch, lengths):
        """Embeddings of speech and the first tokens of each row; and where the tokens start."""
        tokens = self.language_model.get_input_embeddings()(batch.prefix)
        if batch.speech is None:
            rows = zip(tokens, lengths, strict=True)
            return [row[:length] for row, length in rows], [0] * len(tokens)
        starts = batch.speech_mask.sum(1).tolist()
        speech = self.speech_encoder(batch.speech)
        rows = zip(speech, starts, tokens, lengths, strict=True)
        return [torch.cat([s[:start], t[:length]]) for s, start, t, length in rows], starts

    def _hypothesis(self, ids, scores, search):
        end, ids = self.tokenizer.eos_token_id, ids.tolist()
        length = ids.index(end) + 1 if end in ids else len(ids)
        return {
            "text": self.tokenizer.decode(ids[:length], skip_special_tokens=True),
            "tokens": length - (end in ids),
            "score": scores[:length].sum().item() / length**search.length_penalty,
            "ending": "end" if end in ids else "longest",
        }
