"""A speech encoder, a bridge and a language model as one `TranslationModel`."""
