"""Where utterances come from: the spoken phrasebook, and recordings of one's own."""
