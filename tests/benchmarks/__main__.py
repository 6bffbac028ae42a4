"""`python -m tests.benchmarks [name ...]`: run all benchmarks, or those named."""

from __future__ import annotations

import os
import sys

import django


def main() -> int:
    """Run and print; return 1 where a figure that is promised was missed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from tests.benchmarks import encoder_speed

    benchmarks = {"encoder": encoder_speed.main}
    for name in sys.argv[1:] or benchmarks:
        benchmarks[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
