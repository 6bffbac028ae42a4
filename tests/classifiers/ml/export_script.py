"""Builds tiny sentence-transformers models and prepares them; run in a process of its own, for it imports torch.

    python -m tests.classifiers.ml.export_script FOLDER

Prints one JSON object with what came of each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

from classifiers.ml import export

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", *[f"##{c}" for c in "aeioust"]]


def build(folder: Path, *, config: Any, seed: int = 0) -> str:
    """Make a sentence-transformers model with random weights and return its folder."""
    torch.manual_seed(seed)
    raw = folder / "raw"
    raw.mkdir(parents=True)
    (raw / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    wordpiece = tokenizers.BertWordPieceTokenizer(str(raw / "vocab.txt"))
    names = ["input_ids", "attention_mask"]
    names += ["token_type_ids"] if config.model_type == "bert" else []
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=wordpiece._tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=names,
    )
    transformers.AutoModel.from_config(config).save_pretrained(raw)
    tokenizer.save_pretrained(raw)
    transformer = Transformer(str(raw), max_seq_length=16)
    model = SentenceTransformer(modules=[transformer, Pooling(config.hidden_size)], device="cpu")
    model.save(str(folder / "model"))
    return str(folder / "model")


def _outcome(source: str, *, folder: Path, **options: Any) -> dict[str, Any]:
    try:
        manifest = export.export_encoder(source, folder=folder, **options)
    except export.EXPORT_ERRORS as error:
        return {"error": type(error).__name__, "message": str(error), "is_left": folder.exists()}
    return {"id": manifest.id, "layers": manifest.layers, "cosine_min": manifest.cosine_min}


def main(root: Path) -> None:
    size = {"vocab_size": len(WORDS), "max_position_embeddings": 32}
    bert = transformers.BertConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64, **size
    )
    distilbert = transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=64, **size)
    sources = {name: build(root / name, config=config) for name, config in (("a", bert), ("b", distilbert))}
    found = {
        "bert": _outcome(sources["a"], folder=root / "encoders" / "bert"),
        "distilbert": _outcome(sources["b"], folder=root / "encoders" / "distilbert"),
        "again": _outcome(sources["a"], folder=root / "encoders" / "bert"),
        "no such folder": _outcome(str(root / "nothing"), folder=root / "none"),
    }
    export.PACKAGED_SHA256 = "0" * 64
    found["other weights"] = _outcome(export.PACKAGED, folder=root / "other")
    export.MIN_COSINE = 1.1
    found["inaccurate"] = _outcome(sources["a"], folder=root / "inaccurate")
    print(json.dumps(found))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(Path(sys.argv[1]))
