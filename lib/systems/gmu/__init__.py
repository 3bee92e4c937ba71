"""GMU at IWSLT 2025 (arXiv 2505.21781): SeamlessM4T-v2 fine-tuned on one language pair.

Constants are those of the paper, its code (mct10/IWSLT2025_LowRes_ST) and its logs; what they leave
open is a field with a comment. Deliberate departures:

- The loss is the mean over an update's tokens (theirs: a mean of the means of 2 to 32 sentences
  each; the paper's formula: a mean over sentences). Switch: `Switches.loss_mean`.
- Batches hold clips of similar length; theirs are drawn regardless of it.
- Weights are selected by decoded chrF++, theirs by loss. Below `full` on a part of the development
  set.
- Recordings over 30 s are left out of training and counted; theirs are cut and keep the whole text.
  Switch: `Switches.cut_long_audio`. Recordings over 45 s are decoded in segments; theirs are cut.
- Decoding is in fp32 and in batches; theirs in fp16, one by one.
- Texts are trained on as the corpus has them, in Unicode NFC; BIG-C's were true-cased and
  punctuated first in theirs.
- New language tokens take spare embedding rows, which start as the checkpoint has them; theirs too.
- The seed is a parameter (theirs: 42), and decides batches, dropout and augmentation.
- Channels are averaged; theirs would take the first one or fail.
- French loses its apostrophes in scoring; theirs may keep them.
"""
