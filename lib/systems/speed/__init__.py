"""Speed and memory of speech translation systems with random weights, at equal batch and output."""
