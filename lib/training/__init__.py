"""Training: stages, losses, the loop, and checkpoints."""
