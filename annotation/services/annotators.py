"""Which machine labels texts: the language model that the settings name, or the offline annotator."""

from __future__ import annotations

from django.conf import settings

from annotation.models import Annotator


def annotator_in_use() -> tuple[Annotator, str]:
    """Return who labels, and the name of the language model ("" for the offline annotator).

    A key, or another address than the default one (a local server needs no key), says that there is a language model.
    """
    if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL != settings.OPENAI_DEFAULT_URL:
        return Annotator.LLM, settings.OPENAI_MODEL
    return Annotator.OFFLINE, ""
