"""Curation: what a corpus lists is held against rules, step by step, and whatever is left out is counted and named."""
