"""How gunicorn runs the web application."""

from __future__ import annotations

import logging
import threading
from typing import Any

from django.conf import settings

worker_class = "config.web_worker.WebWorker"
# A worker that answers nothing for this long is replaced. Long work never runs in a web process.
timeout = 60
graceful_timeout = 10
keepalive = 5
# Never preload: the encoder's threads don't survive a fork.
preload_app = False
accesslog = None
loglevel = settings.LOGGING["root"]["level"].lower()
# It would lie in the home folder, the same for every server of this user.
control_socket_disable = True
logconfig_dict = {
    **settings.LOGGING,
    # gunicorn's own logger does not propagate; left alone, its lines would be plain text.
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"handlers": ["stderr"], "propagate": False},
    },
}
# Longer request lines and headers have no use here.
limit_request_line = 4094
limit_request_field_size = 8190

logger = logging.getLogger("houserules.web")


def post_worker_init(worker: Any) -> None:
    """Load the encoder beside the first requests, so that the first prediction doesn't wait for it."""
    threading.Thread(target=_warm, name="warm", daemon=True).start()


def _warm() -> None:
    from classifiers import predictor
    from classifiers.ml.encoder import EncoderDamaged, EncoderMissing

    try:
        predictor.warm()
    except (EncoderMissing, EncoderDamaged) as error:
        logger.error("no encoder", extra={"hint": str(error)})
    else:
        logger.info("encoder ready")
