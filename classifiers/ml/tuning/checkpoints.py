"""Where a tuning got to, on disk: weights, the optimizer's moments and the next step. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import safe_open
from torch import Tensor

from classifiers.ml import disk

_FILE = "checkpoint.safetensors"


def save(folder: Path, *, step: int, job: str, network: Any, optimizer: Any) -> None:
    """Write it as the folder `folder`, whole or not at all. `job` says what is tuned how. Raises OSError."""
    tensors = {name: value for name, value in network.named_parameters() if value.requires_grad}
    for name, value in dict(tensors).items():
        tensors |= {f"{name}#{key}": moment for key, moment in optimizer.state[value].items()}
    facts = {"facts": json.dumps({"step": step, "job": job})}
    with disk.new_folder(folder, replace=True) as temporary:
        safetensors.torch.save_file(
            {name: value.detach().cpu().contiguous() for name, value in tensors.items()}, temporary / _FILE, facts
        )


def load(folder: Path, *, job: str, network: Any, optimizer: Any) -> int:
    """Put the network and the optimizer where they were; return the next step, 0 where nothing of this job is there."""
    path = folder / _FILE
    if not path.is_file():
        return 0
    with safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
        if facts["job"] != job:
            return 0
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                parameter.data.copy_(file.get_tensor(name))
                optimizer.state[parameter] = _moments(file, name, like=parameter)
    return int(facts["step"])


def _moments(file: Any, name: str, *, like: Tensor) -> dict[str, Tensor]:
    found = {key.split("#")[1]: file.get_tensor(key) for key in file.keys() if key.startswith(f"{name}#")}  # noqa: SIM118
    return {key: value if key == "step" else value.to(like.device) for key, value in found.items()}
