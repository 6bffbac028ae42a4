"""The registry: each provider is asked once, and one that fails takes nobody with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from moderation.analyzers.base import AnalyzerInfo, Finding, ProviderUnavailable
from moderation.analyzers.builtin import BuiltinProvider
from moderation.analyzers.registry import (
    UNKNOWN,
    BrokenProvider,
    DuplicateAnalyzerKey,
    ProviderNameTaken,
    Registry,
)


@dataclass
class Counting:
    """Says of each text how many characters it has, and keeps what it was asked."""

    name: str = "counting"
    is_custom: bool = True
    keys: tuple[str, ...] = ("length", "size")
    asked: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    def list_analyzers(self) -> list[AnalyzerInfo]:
        return [
            AnalyzerInfo(key=key, name=key, kind="classifier", description="", provider=self.name) for key in self.keys
        ]

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
        self.asked.append((tuple(keys), tuple(texts)))
        return {key: [Finding(label=str(len(text))) for text in texts] for key in keys if key in self.keys}


class Unavailable(Counting):
    """Can't answer now."""

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
        raise ProviderUnavailable("The counter rests. Try again later.")


class Short(Counting):
    """Forgets a text."""

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
        return super().analyze(keys, texts=texts[1:])


class Talkative(Counting):
    """Answers for keys that nobody asked for."""

    def analyze(self, keys: Sequence[str], *, texts: Sequence[str]) -> Mapping[str, Sequence[Finding]]:
        return super().analyze([*keys, "size"], texts=texts)


def _registry(*providers: Counting | BuiltinProvider) -> Registry:
    registry = Registry()
    for provider in providers:
        registry.register(provider)
    return registry


def test_each_key_has_a_finding_for_each_text_in_order() -> None:
    analysis = _registry(Counting()).analyze(["size", "length"], texts=["a", "bcd"])

    assert list(analysis.findings) == ["size", "length"]
    assert [[finding.label for finding in findings] for findings in analysis.findings.values()] == [["1", "3"]] * 2


def test_a_provider_is_asked_once_for_all_keys_and_texts() -> None:
    provider = Counting()

    _registry(provider).analyze(["length", "size", "length"], texts=["a", "b"])

    assert provider.asked == [(("length", "size"), ("a", "b"))]


def test_a_provider_is_asked_only_for_what_nobody_has_answered() -> None:
    first, second = Counting(keys=("one",)), Counting(name="second", keys=("two",))
    registry = _registry(first, second)

    registry.analyze(["one", "two"], texts=["a"])
    registry.analyze(["one"], texts=["a"])

    assert [keys for keys, _ in second.asked] == [("two",)]


def test_the_team_s_own_analyzers_are_told_from_the_built_in_ones() -> None:
    registry = _registry(BuiltinProvider(), Counting())

    analysis = registry.analyze(["email", "length", "unknown"], texts=["a"])

    assert analysis.custom_keys == {"length"}


def test_an_unknown_key_has_an_error_and_no_label() -> None:
    [finding] = _registry(Counting()).analyze(["gone"], texts=["a"]).findings["gone"]

    assert (finding.label, finding.error, finding.flagged) == (None, UNKNOWN, False)


def test_a_provider_that_is_unavailable_takes_nobody_with_it() -> None:
    registry = _registry(Unavailable(keys=("resting",)), Counting(name="other"))

    findings = registry.analyze(["resting", "length"], texts=["a", "b"]).findings

    assert [finding.error for finding in findings["resting"]] == ["The counter rests. Try again later."] * 2
    assert [finding.label for finding in findings["length"]] == ["1", "1"]


@pytest.mark.parametrize("provider", [Short(), Talkative()])
def test_a_provider_that_answers_unevenly_is_a_fault(provider: Counting) -> None:
    with pytest.raises(BrokenProvider, match="counting"):
        _registry(provider).analyze(["length"], texts=["a", "b"])


def test_no_keys_and_no_texts_give_no_findings() -> None:
    registry = _registry(Counting())

    assert registry.analyze([], texts=["a"]).findings == {}
    assert list(registry.analyze(["length"], texts=[]).findings["length"]) == []


def test_all_analyzers_are_listed_in_the_order_of_registration() -> None:
    registry = _registry(Counting(name="b", keys=("z",)), Counting(name="a", keys=("y", "x")))

    assert [info.key for info in registry.available()] == ["z", "y", "x"]


def test_an_analyzer_is_found_by_its_key() -> None:
    registry = _registry(Counting())

    found = registry.find("size")

    assert found is not None
    assert (found.key, found.provider) == ("size", "counting")
    assert registry.find("gone") is None


def test_two_analyzers_cannot_share_a_key() -> None:
    registry = _registry(Counting(name="a"), Counting(name="b"))

    with pytest.raises(DuplicateAnalyzerKey, match="a and b"):
        registry.available()


def test_a_provider_can_be_registered_again_but_not_replaced_by_another_kind() -> None:
    registry = _registry(Counting(keys=("old",)), Counting(keys=("new",)))

    assert [info.key for info in registry.available()] == ["new"]
    with pytest.raises(ProviderNameTaken):
        registry.register(Short())


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            Finding(label="A", score=0.75, label_scores={"A": 0.75, "B": 0.25}),
            {"label": "A", "score": 0.75, "label_scores": {"A": 0.75, "B": 0.25}},
        ),
        (
            Finding(label="A", score=0.75, label_scores={"A": 0.75, "B": 0.25}, position=0.0),
            {"label": "A", "score": 0.75, "label_scores": {"A": 0.75, "B": 0.25}, "position": 0.0},
        ),
        (Finding(found=False), {"found": False, "mode": "NORMAL", "matches": []}),
        (Finding.failed("Broken."), {"label": None, "score": None, "label_scores": {}, "error": "Broken."}),
        (
            Finding.failed("Broken.", kind="matcher"),
            {"found": False, "mode": "NORMAL", "matches": [], "error": "Broken."},
        ),
        (
            Finding(label="A", score=1.0, label_scores={"A": 1.0}, warning="Short."),
            {"label": "A", "score": 1.0, "label_scores": {"A": 1.0}, "warning": "Short."},
        ),
    ],
)
def test_a_finding_is_written_as_clients_read_it(finding: Finding, expected: dict[str, object]) -> None:
    assert finding.as_gen2() == expected
