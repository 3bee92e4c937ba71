"""IT-IST at IWSLT 2025, instruction following (arXiv 2506.17019): a small speech language model.

Two stages: *align* trains the bridge to transcribe, *instruct* trains everything on recognition,
translation and spoken question answering. Constants are those of the released configuration
(deep-spin/it-iwslt-2025), which the paper and summaries of it contradict in places. Deliberate
departures:

- Padding stands at the end of a row and is not counted by positions; theirs is in the middle and
  is counted.
- The first target token, the projection and the tags are trained, no strided layer is skipped, and
  the loss is a mean over target tokens alone; theirs are not so. Switches: `Defects`.
- Clips are limited by seconds; theirs of pseudo-labels by milliseconds over 60. Switch as well.
- No prompt has the target's length by default; theirs do in stage 1, nine times of ten.
- Decoding is greedy: neither the paper nor the code says how outputs were searched.
- Weights are selected by decoded development outputs; theirs are those after one epoch.
"""
