"""LLM-SRT (arXiv 2409.19510): a frozen Whisper, a Q-Former with 80 queries and a language model."""
