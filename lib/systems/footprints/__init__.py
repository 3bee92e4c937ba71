"""What every training takes, known before it starts: memory, hours, energy, disk."""
