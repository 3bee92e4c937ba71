"""Pseudo-labels: MT models translate transcripts, COMETKiwi scores, the best hypothesis is kept."""
