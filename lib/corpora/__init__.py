"""Corpora: the spoken phrasebook, published corpora, and the user's own recordings."""
