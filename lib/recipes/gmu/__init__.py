"""GMU at IWSLT 2025 (arXiv 2505.21781): SeamlessM4T-v2 fine-tuned on one language pair, by four strategies.

Facts and constants: papers.md section 1. What the paper leaves open is a field with a comment.
"""
