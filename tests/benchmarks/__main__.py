"""`python -m tests.benchmarks [name ...]`: run all benchmarks, or those named."""

from __future__ import annotations

import logging
import os
import sys

import django


def main() -> int:
    """Run and print; return 1 where a figure that is promised was missed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    # The figures shall stand by themselves. Not by LOG_LEVEL: a server that is started is waited for by its log.
    logging.getLogger().setLevel(logging.WARNING)
    from tests.benchmarks import (
        annotation,
        encoder_quality,
        encoder_speed,
        imports,
        labelling,
        labelling_speed,
        lists,
        quality,
        sms_spam,
    )

    benchmarks = {
        "encoder": encoder_speed.main,
        "encoder-quality": encoder_quality.main,
        "imports": imports.main,
        "lists": lists.main,
        "annotation": annotation.main,
        "labelling": labelling.main,
        "labelling-speed": labelling_speed.main,
        "sms-spam": sms_spam.main,
    }
    # Takes long, and has a target of its own.
    by_name = benchmarks | {"quality": quality.main}
    kept = [by_name[name]() for name in sys.argv[1:] or benchmarks]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
