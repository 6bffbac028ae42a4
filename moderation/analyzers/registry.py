"""The list of everything that a project can run, and the one way to run it.

`from moderation.analyzers import registry` and `registry.analyze(...)` use the process-wide instance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moderation.analyzers.base import AnalyzerInfo, Finding, Provider, ProviderUnavailable

UNKNOWN = "There is no analyzer with this key any more. Remove it from the project, or restore it."


class ProviderNameTaken(Exception):
    """Two kinds of provider have the same name."""


class DuplicateAnalyzerKey(Exception):
    """Two analyzers have the same key, so an answer could not tell them apart."""


class BrokenProvider(Exception):
    """A provider answered for a key that it wasn't asked for, or not once for each text: a fault in its code."""


@dataclass(frozen=True)
class Analysis:
    """What the analyzers found: for each key one finding for each text. `custom_keys` are the team's own ones."""

    findings: Mapping[str, Sequence[Finding]]
    custom_keys: frozenset[str]


class Registry:
    """Providers by name. One lives as long as the process; a test makes its own."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}

    def register(self, provider: Provider) -> None:
        """Add a provider, or put it in the place of an earlier one of the same class and name.

        Raises ProviderNameTaken if another class has the name.
        """
        earlier = self._providers.get(provider.name)
        if earlier is not None and type(earlier) is not type(provider):
            raise ProviderNameTaken(f"The name “{provider.name}” is taken by {type(earlier).__name__}.")
        self._providers[provider.name] = provider

    def available(self) -> list[AnalyzerInfo]:
        """Return every analyzer that a project can be given, in the order of registration.

        Raises DuplicateAnalyzerKey, ProviderUnavailable.
        """
        by_key: dict[str, AnalyzerInfo] = {}
        for provider in self._providers.values():
            for info in provider.list_analyzers():
                if info.key in by_key:
                    rivals = f"{by_key[info.key].provider} and {info.provider}"
                    raise DuplicateAnalyzerKey(f"The key “{info.key}” is used by two analyzers ({rivals}).")
                by_key[info.key] = info
        return list(by_key.values())

    def find(self, key: str) -> AnalyzerInfo | None:
        """Return the analyzer with this key, or None. Raises ProviderUnavailable."""
        for provider in self._providers.values():
            for info in provider.list_analyzers():
                if info.key == key:
                    return info
        return None

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Analysis:
        """Run the analyzers `keys` on each text; keys and texts keep their order.

        Each provider is asked once, for all keys that none before it has answered. A key that nobody knows, or
        whose provider is unavailable, gives findings with `error`. Raises BrokenProvider.
        """
        found: dict[str, Sequence[Finding]] = {}
        custom_keys: set[str] = set()
        reason = UNKNOWN
        for provider in self._providers.values():
            missing = [key for key in dict.fromkeys(keys) if key not in found]
            if not missing:
                break
            try:
                answer = _ask(provider, missing, texts=texts)
            except ProviderUnavailable as error:
                # The keys that nobody answers may well be its own.
                reason = str(error)
                continue
            found |= answer
            if provider.is_custom:
                custom_keys |= answer.keys()
        failed = [Finding.failed(reason)] * len(texts)
        return Analysis(findings={key: found.get(key, failed) for key in keys}, custom_keys=frozenset(custom_keys))


def _ask(provider: Provider, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
    answer = provider.analyze(keys, texts=texts)
    if uncalled := answer.keys() - set(keys):
        raise BrokenProvider(f"{provider.name} answered for {', '.join(sorted(uncalled))} unasked.")
    if uneven := [key for key, findings in answer.items() if len(findings) != len(texts)]:
        raise BrokenProvider(f"{provider.name} did not return {len(texts)} findings for {', '.join(uneven)}.")
    return answer


registry = Registry()
register = registry.register
available = registry.available
find = registry.find
analyze = registry.analyze
