"""Models: Hugging Face classes behind one protocol, built, loaded, extended and saved."""
