"""What batches, losses and searches need of a model: it reads text, and perhaps hears, and writes text."""

from lib.models.nllb import Nllb
from lib.models.seamless import Seamless

Translator = Seamless | Nllb
