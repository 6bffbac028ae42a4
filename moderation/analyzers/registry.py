"""The list of everything that a project can run, and the one way to run it.

`from moderation.analyzers import registry` and `registry.analyze(...)` use the process-wide instance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moderation.analyzers.base import AnalyzerInfo, Finding, Kind, Provider, ProviderUnavailable

UNKNOWN = "There is no analyzer with this key any more. Remove it from the project, or restore it."


class ProviderNameTaken(Exception):
    """Two kinds of provider have the same name."""


class DuplicateAnalyzerKey(Exception):
    """Two analyzers have the same key, so an answer could not tell them apart."""


class BrokenProvider(Exception):
    """A provider did not return one finding for each text and key: a fault in its code."""


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
        """Return every analyzer that can be run now, in the order of registration.

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

    def is_custom(self, key: str) -> bool:
        """Tell whether an analyzer is the team's own; an unknown one isn't. Raises ProviderUnavailable."""
        info = self.find(key)
        return info is not None and self._providers[info.provider].is_custom

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> dict[str, list[Finding]]:
        """Return, for each key, one finding for each text; keys and texts keep their order.

        Each provider is asked once, for all of its keys and all texts. An unknown key, or a provider that is
        unavailable, gives findings with `error`. Raises BrokenProvider.
        """
        findings: dict[str, list[Finding]] = {key: [] for key in keys}
        if not texts:
            return findings
        homes, reason = self._homes_of(findings)
        for provider in self._providers.values():
            kinds = {key: kind for key, (home, kind) in homes.items() if home is provider}
            if kinds:
                findings |= _ask(provider, kinds=kinds, texts=texts)
        lost = findings.keys() - homes.keys()
        return findings | {key: [Finding.failed(reason)] * len(texts) for key in findings if key in lost}

    def _homes_of(self, keys: Mapping[str, object]) -> tuple[dict[str, tuple[Provider, Kind]], str]:
        """Return who runs each key, and why the missing ones, if any, are run by nobody."""
        homes: dict[str, tuple[Provider, Kind]] = {}
        reason = UNKNOWN
        for provider in self._providers.values():
            try:
                infos = provider.list_analyzers()
            except ProviderUnavailable as error:
                # The missing keys may well be among those that it could not list.
                reason = str(error)
                continue
            for info in infos:
                if info.key in keys:
                    homes.setdefault(info.key, (provider, info.kind))
        return homes, reason


def _ask(provider: Provider, *, kinds: Mapping[str, Kind], texts: Sequence[str]) -> dict[str, list[Finding]]:
    try:
        answer = provider.analyze(list(kinds), texts=texts)
    except ProviderUnavailable as error:
        return {key: [Finding.failed(str(error), kind=kind)] * len(texts) for key, kind in kinds.items()}
    findings = {key: list(answer.get(key, ())) for key in kinds}
    short = [key for key, of_texts in findings.items() if len(of_texts) != len(texts)]
    if short:
        raise BrokenProvider(f"{provider.name} did not return {len(texts)} findings for {', '.join(short)}.")
    return findings


registry = Registry()
register = registry.register
available = registry.available
find = registry.find
is_custom = registry.is_custom
analyze = registry.analyze
