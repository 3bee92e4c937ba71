"""Recordings of one's own, an hour or a few of them: a small recogniser and a small translator.

Below `full` no backbone has heard the language, so the three parts are trained on the corpus alone:

1. *ctc*: the speech encoder learns to transcribe characters. It starts from the CTC stage of the
   phrasebook's backbone, or from random weights, whichever the development set prefers.
2. *mt*: text encoder and decoder learn to translate the true transcripts, with whole words in the
   vocabulary. Three are trained, from three seeds. Of all their n-best outputs the one is taken
   that the others agree with most (minimum Bayes risk).
3. *mt, heard*: the same on true transcripts and on those that the recogniser writes for the
   training clips. A cascade of recogniser and these translators is the speech translation.

Measured on an hour of Mboshi-French, 33 minutes of it to train on, before this was written; chrF++
of 250 test clips, where a constant sentence has 15.1:

- The decoder on the speech encoder's states instead of a cascade (multi-task with MT): 11.6, and
  0.6 above shuffled audio. It learns the translations by heart. The cascade is 2 above it.
- A translator of true transcripts alone in the cascade: 1 above shuffled audio.
- MT of true transcripts by one translator 14.7 to 16.5 (four of them), by two 15.7 to 17.1, by
  three 16.5 to 17.3, by four 17.3. 4,000 subwords are as good as 2,000 or better.
- 400 subwords and dropout 0.3, not 2,000 and 0.1: MT of true transcripts 10.9, not 13.9.
- Sampled subwords (Kudo 2018) on both sides 11.4; on the source side alone 13.3 greedy and 14.9
  with beams, where without it is 13.9 and 14.3; the other direction and copying beside: 13 to 13.7.
- SpecAugment: a character error rate of 75 %, not 63; from random weights: 95.
"""
