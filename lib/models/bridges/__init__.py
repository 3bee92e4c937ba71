"""Bridges: from the states of a speech encoder to embeddings that a language model reads."""
