"""Zero-resource speech translation and recognition with LLMs (arXiv 2412.18566)."""
