"""GMU at IWSLT 2025 (arXiv 2505.21781): SeamlessM4T-v2 fine-tuned on one language pair, by four strategies.

Constants are those of the paper, its code (mct10/IWSLT2025_LowRes_ST) and its logs; what they leave open is a field with a comment.
On purpose otherwise than there:

- The loss is the mean over an update's tokens; theirs is a mean of the means of 2 to 32 sentences each.
- Batches are of like length; theirs are drawn regardless of it.
- Weights are selected by decoded chrF++ on a part of the development set; theirs by loss on all of it.
- Training has a number of updates, theirs at most ten epochs too (6,860 updates of BIG-C): set it where a corpus is smaller.
- Recordings over 30 s are left out of training and counted; theirs are cut, the text is not. Over 45 s they are decoded in parts;
  theirs are cut.
- Decoding is in fp32 and in batches; theirs in fp16, one by one.
- Texts are trained on as the corpus has them; theirs of BIG-C had capitals and punctuation restored first.
- French keeps no apostrophe in scoring, which theirs may.
"""
