"""Zero-resource speech translation and recognition with LLMs (arXiv 2412.18566).

A frozen encoder that has heard a language and a language model that reads it are joined by an
adapter that was trained on other languages. There is no public code, and the paper's tables are
not known here. What it does not state is chosen here: softmax over the layers, no norm, GELU
between the convolutions, speech before the prompt, all prompts, optimizer, batches, updates and
search.
Deliberate departures:

- The encoder at `full` is w2v-BERT 2.0, whose states are 20 ms apart instead of 40; both
  convolutions then have stride 2. It has seen more languages than the paper's.
- The encoder trained here learns letters of seen languages by CTC after BEST-RQ.
- Held-out languages select no weights either: their development sets are paired data.
"""
