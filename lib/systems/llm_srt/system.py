"""What differs between LLM-SRT and other systems; see `lib.systems.strategy.System`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lib.models.bridges.build import bridge_config, bridge_facts
from lib.models.lora import Lora
from lib.models.protocol import Hypothesis, Search
from lib.models.speech_encoder import load_speech_encoder
from lib.models.speech_lm.loading import adapt_language_model, join_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.scales import preset
from lib.scoring.study import Direction
from lib.systems.backbones import (
    TrainedBackbone,
    backbone_facts,
    backbone_path,
    backbone_recipe,
)
from lib.systems.corpora import share_of
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.gate import check_gate
from lib.systems.llm_srt.prompts import Prompts, has_tag
from lib.systems.llm_srt.recipe import RECIPES, Recipe
from lib.systems.llm_srt.signals import curriculum_signals
from lib.systems.llm_srt.strategies import (
    ENCODER,
    LANGUAGE_MODEL,
    LORA,
    STRATEGIES,
    SrtStrategy,
)
from lib.systems.outputs import TrainedSystem
from lib.systems.strategy import System
from lib.systems.wordings import TOKENS, Draw
from lib.tasks import ASR, SMT, ST, Example, examples
from lib.training.encoder_states import encoder_state_cache
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from lib.training.weights import load_trained
from lib.utterance import Utterance

VERSION = 2  # raised when a strategy of the same fields would train otherwise
ENCODER_NAMES, LANGUAGE_MODEL_NAMES = r"^model\.encoder\.", r"^model\.language_model\."
# new tokens and adapters lie inside the language model
FROZEN_LANGUAGE_MODEL = rf"{LANGUAGE_MODEL_NAMES}(?!.*(lora_|parametrizations\.weight\.0))"


@dataclass(frozen=True, kw_only=True)
class LlmSrt(System):
    """The system; an experiment's backbone is Whisper.

    Args:
        language_model: None to load trained systems only.
        zero_shot: directions that are tested and never trained.
        asr_corpus: the only source of utterances of the first stage; "": all.
        chinese: the tag of Chinese; see `Prompts`.
    """

    language_model: TrainedBackbone | None = None
    zero_shot: tuple[Direction, ...] = ()
    asr_corpus: str = ""
    chinese: str = Prompts.chinese
    name = "llm_srt"
    strategies = STRATEGIES
    chain_fields = ("bridge", "prompts")

    def prompts(self, strategy: SrtStrategy) -> Prompts:
        """How a strategy's tasks are asked for."""
        return replace(strategy.prompts, chinese=self.chinese)

    def recipe(self, scale: str) -> Recipe:
        return preset(RECIPES, scale)

    def stage(self, experiment: Experiment, strategy: SrtStrategy) -> Stage:
        recipe: Recipe = experiment.recipe
        stage: Stage = getattr(recipe, strategy.stage)
        budget = [getattr(recipe, name).updates for name in strategy.budget]
        rates: list[tuple[str, float]] = []
        frozen: list[str] = []
        if ENCODER in strategy.trains:
            rates.append((ENCODER_NAMES, recipe.encoder_learning_rate))
        else:
            frozen.append(ENCODER_NAMES)
        if LANGUAGE_MODEL in strategy.trains:
            rates.append((LANGUAGE_MODEL_NAMES, recipe.language_model_learning_rate))
        else:
            frozen.append(FROZEN_LANGUAGE_MODEL)
        return replace(
            stage,
            updates=sum(budget) or stage.updates,
            frozen=tuple(frozen),
            part_learning_rates=tuple(rates),
        )

    def initial_model(self, experiment: Experiment, strategy: SrtStrategy) -> SpeechLm:
        recipe, text = experiment.recipe, self.language_model.load()
        model = join_speech_lm(
            experiment.backbone.load_speech_encoder(recipe.pad_to_window),
            text.language_model,
            text.tokenizer,
            recipe.bridges[strategy.bridge],
            written_tokens=self._written_tokens(experiment, strategy),
            seed=experiment.seed,
        )
        if LORA in strategy.trains:
            adapt_language_model(model, recipe.lora, experiment.seed)
        return model

    def _written_tokens(self, experiment: Experiment, strategy: SrtStrategy) -> list[str]:
        """The tags that become tokens of the language model."""
        prompts = self.prompts(strategy)
        codes = dict.fromkeys(code for pair in experiment.directions for code in pair)
        return [prompts.tag(code) for code in codes] if prompts.wording == TOKENS else []

    def starts(self, strategy: SrtStrategy) -> dict[str, tuple[str, ...]]:
        if not strategy.start:
            return {}
        begun = self.strategies[strategy.start]
        both = {strategy.prompts.wording, begun.prompts.wording}
        added = ("added_tokens",) if both == {TOKENS} else ()
        adapted = ("lora",) if LORA in begun.trains else ()
        return {strategy.start: ("bridge", *added, *adapted)}

    def check_start(self, experiment: Experiment, started: TrainedSystem) -> None:
        """See `check_gate`; where less speech is asked about, too little of it is an answer."""
        strategy: SrtStrategy | None = started.strategy
        while strategy:
            if strategy.share < 1.0:
                return
            strategy = self.strategies.get(strategy.start)
        check_gate(experiment, started)

    def objective(
        self, experiment: Experiment, strategy: SrtStrategy, model: SpeechLm, stage: Stage
    ) -> Seq2SeqObjective:
        cache = encoder_state_cache(model, stage, experiment.cache / "encoder-states")
        return Seq2SeqObjective(model, label_smoothing=0.0, state_cache=cache)

    def selects_by(self, strategy: SrtStrategy, direction: Direction) -> bool:
        """Not by zero-shot directions, which are only tested."""
        return not strategy.task.translates or direction not in self.zero_shot

    def signals(
        self, strategy: SrtStrategy, model: SpeechLm, outputs: Sequence[tuple[Example, str]]
    ) -> dict[str, float]:
        return curriculum_signals(outputs, self.prompts(strategy) if strategy.spells_out else None)

    def parse(
        self, strategy: SrtStrategy, example: Example, hypothesis: Hypothesis
    ) -> Hypothesis:
        """The translation of an answer to SRT, if its form is right; all else as it is written."""
        written = hypothesis.text.strip()
        if example.task != ST or not strategy.spells_out:
            return replace(hypothesis, text=written)
        answer = self.prompts(strategy).parse(written, example.source, example.target)
        return replace(hypothesis, text=answer.translation, written=written)

    def prepare(self, strategy: SrtStrategy, example: Example) -> Example:
        return self._with_prompt(strategy, example, training=False)

    def _with_prompt(self, strategy: SrtStrategy, example: Example, training: bool) -> Example:
        prompts, (source, target) = self.prompts(strategy), (example.source, example.target)
        draw = Draw(example.id, training)
        if example.task == ASR:
            prompt = prompts.transcribe(source, draw)
        elif example.task == SMT:
            prompt = prompts.translate(source, target, example.source_text, draw)
        elif strategy.spells_out:
            prompt = prompts.transcribe_and_translate(source, target, draw)
        else:
            prompt = prompts.translate(source, target, draw=draw)
        return replace(example, prompt=prompt)

    def test_examples(
        self, strategy: SrtStrategy, utterances: Sequence[Utterance], target: str
    ) -> list[Example]:
        """With transcripts, which SMT reads, and which tell transcribing from translating."""
        found = examples(utterances, strategy.task, target, transcripts=strategy.task == SMT)
        transcripts = {u.id: u.texts.get(u.language, "") for u in utterances}
        given = [replace(e, source_text=transcripts[e.id]) for e in found]
        return [self.prepare(strategy, example) for example in given]

    def training_examples(
        self,
        experiment: Experiment,
        strategy: SrtStrategy,
        utterances: Sequence[Utterance],
        target: str,
    ) -> tuple[list[Example], dict[str, list[str]]]:
        """None of a zero-shot direction; a part of the clips where the strategy has a share."""
        task, source = strategy.task, utterances[0].language
        if task != ASR and (source, target) in self.zero_shot:
            return [], {}
        if task == ASR and self.asr_corpus:
            utterances = [u for u in utterances if u.source == self.asr_corpus]
        kept = share_of(utterances, strategy.share, experiment.seed)
        spelt = task == ST and strategy.spells_out
        found = examples(kept, task, target, transcripts=task == SMT or spelt)
        tagged = {e.id: None for e in found if has_tag((e.source_text, e.target_text))}
        prompts, made = self.prompts(strategy), []
        for example in found:
            if example.id in tagged:
                continue
            asked = self._with_prompt(strategy, example, training=True)
            if spelt:
                answer = prompts.answer(source, target, example.source_text, example.target_text)
                asked = replace(asked, target_text=answer)
            made.append(asked)
        # a clip without this translation is not among them; other directions may have one
        needed = task != ST or spelt
        silent = [u.id for u in kept if needed and not u.texts.get(source)]
        return made, {
            "training_clips_with_tags_in_a_text": list(tagged),
            "training_clips_without_a_transcript": silent,
        }

    def search(
        self, experiment: Experiment, strategy: SrtStrategy, beams: int, n_best: int = 1
    ) -> Search:
        recipe: Recipe = experiment.recipe
        return Search(
            beams=beams,
            length_penalty=recipe.length_penalty,
            max_new_tokens=recipe.max_new_tokens,
            min_new_tokens=recipe.min_new_tokens,
            no_repeat_ngram_size=recipe.no_repeat_ngram_size,
            n_best=n_best,
        )

    def identity(self, experiment: Experiment, strategy: SrtStrategy) -> Any:
        recipe: Recipe = experiment.recipe
        facts = asdict(replace(strategy, task=ST, tasks=(), prompts=self.prompts(strategy)))
        facts |= {"name": "", "task": "", "tasks": [task.name for task in strategy.tasks]}
        lora = asdict(recipe.lora) if LORA in strategy.trains else {}
        limits = [recipe.max_train_seconds, recipe.max_new_tokens, recipe.pad_to_window]
        forced = [recipe.no_repeat_ngram_size, recipe.min_new_tokens]  # of the selecting search
        limits += forced if any(forced) else []  # systems without them are found as ever
        return [
            *(VERSION, facts, bridge_facts(recipe.bridges[strategy.bridge]), lora, limits),
            *(sorted(self.zero_shot), self.asr_corpus),
            *(experiment.backbone.name, self.language_model.name),
        ]

    def card(self, experiment: Experiment, strategy: SrtStrategy) -> dict[str, Any]:
        recipe: Recipe = experiment.recipe
        backbones = {"encoder": experiment.backbone, "language_model": self.language_model}
        return backbone_facts(backbones, experiment.cache) | {
            "bridge": bridge_facts(recipe.bridges[strategy.bridge]),
            "lora": asdict(recipe.lora) if LORA in strategy.trains else None,
            "prompts": asdict(self.prompts(strategy)),
            "written_tokens": self._written_tokens(experiment, strategy),
            "pad_to_window": recipe.pad_to_window,
            "seed": experiment.seed,
            **self.decoding_facts(experiment, strategy),
        }

    def for_card(self, card: Mapping[str, Any]) -> LlmSrt:
        """The system with the tag of Chinese that a checkpoint was trained with."""
        return replace(self, chinese=card["model"]["prompts"]["chinese"])

    def load(self, card: Mapping[str, Any], folder: Path) -> SpeechLm:
        encoder = backbone_path(card, "encoder", folder)
        language_model = backbone_path(card, "language_model", folder)
        text = backbone_recipe("srt_qwen", "full").load(language_model, text=True)
        model = join_speech_lm(
            load_speech_encoder(encoder, card["pad_to_window"]),
            text.language_model,
            text.tokenizer,
            bridge_config(card["bridge"]),
            written_tokens=card["written_tokens"],
            seed=card["seed"],  # of parts that no stage trained
        )
        if card["lora"]:
            adapt_language_model(model, Lora.of(card["lora"]), seed=1)
        load_trained(model, folder / "best.safetensors")
        return model.eval()


SYSTEM = LlmSrt()
