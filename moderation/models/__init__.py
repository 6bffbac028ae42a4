"""One file per model."""

from moderation.models.analyzer_setting import AnalyzerSetting
from moderation.models.api_key import ApiKey, Scope
from moderation.models.notice import Notice
from moderation.models.project import Project
from moderation.models.request_log import RequestLog
from moderation.models.worker_beat import WorkerBeat

__all__ = ["AnalyzerSetting", "ApiKey", "Notice", "Project", "RequestLog", "Scope", "WorkerBeat"]
