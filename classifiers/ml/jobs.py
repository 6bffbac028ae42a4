"""The child processes of a training: `python -m classifiers.ml.jobs embed|train --folder F ...`.

    embed --folder F --encoder E    reads texts.json (a list), writes vectors.npy, float16 (n, d)
    train --folder F                reads and writes what `course_work` says

both with [--memory-limit-mb 4000]. Prints JSON lines: {"progress": 0.4, "step": "..."}, or {"error": "<sentence>"} and
ends with exit code 2.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from classifiers.ml import disk
from classifiers.ml.encoder import EncoderDamaged, EncoderMissing, load_encoder
from moderation import child_process

EXIT_REFUSED: Final = 2
VECTORS = "vectors.npy"

# So many texts' features are held as float32 at once.
_CHUNK_TEXTS = 2_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parse(arguments)
    try:
        child_process.begin(memory_limit_mb=options.memory_limit_mb)
        embed(options.folder, encoder=options.encoder) if options.command == "embed" else train(options.folder)
    except (EncoderMissing, EncoderDamaged) as error:
        return _refuse(str(error))
    except MemoryError:
        return _refuse(f"This needs more memory than the {options.memory_limit_mb:,} MB that CHILD_MEMORY_MB allows.")
    except OSError as error:
        if child_process.is_out_of_space(error):
            return _refuse(child_process.NO_SPACE)
        raise
    except child_process.ParentGone:
        return EXIT_REFUSED
    return 0


def embed(folder: Path, *, encoder: Path) -> None:
    """Write the features of the folder's texts. Raises EncoderMissing, EncoderDamaged."""
    texts: list[str] = json.loads((folder / "texts.json").read_bytes())
    loaded = load_encoder(encoder)
    vectors = np.lib.format.open_memmap(
        folder / VECTORS, mode="w+", dtype=np.dtype("<f2"), shape=(len(texts), loaded.dimension)
    )
    disk.reserve(folder / VECTORS)
    for start in range(0, len(texts), _CHUNK_TEXTS):
        chunk = texts[start : start + _CHUNK_TEXTS]

        def tell(share: float, *, start: int = start, count: int = len(chunk)) -> None:
            done = start + share * count
            child_process.tell({"progress": done / len(texts), "step": f"Reading text {done:,.0f} of {len(texts):,}"})
            sys.stdout.flush()

        vectors[start : start + len(chunk)] = loaded.encode(chunk, on_progress=tell)
    vectors.flush()


def train(folder: Path) -> None:
    """Train on what the folder holds and write what came of it."""
    # Only here: it imports scikit-learn, which embedding doesn't need.
    from classifiers.ml import course_work

    course_work.carry_out(folder, on_progress=_tell)


def _tell(progress: float, step: str) -> None:
    child_process.tell({"progress": progress, "step": step})
    sys.stdout.flush()


def _refuse(sentence: str) -> int:
    child_process.tell({"error": sentence})
    return EXIT_REFUSED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="classifiers.ml.jobs", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("embed", "train"):
        command = commands.add_parser(name)
        command.add_argument("--folder", type=Path, required=True)
        command.add_argument("--memory-limit-mb", type=int, default=4_000)
        if name == "embed":
            command.add_argument("--encoder", type=Path, required=True)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
