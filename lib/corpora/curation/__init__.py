"""Curation: check a corpus against rules, step by step, and count and name what is dropped."""
