"""The models: Hugging Face classes, put together, registered with languages, and saved."""
