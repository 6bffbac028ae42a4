"""The analyzer that finds e-mail addresses."""

from __future__ import annotations

import pytest

from moderation.analyzers import email


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("Write to bob@example.com.", ("bob@example.com",)),
        ("bob.smith+tag%x_y-z@mail.example.co.uk", ("bob.smith+tag%x_y-z@mail.example.co.uk",)),
        ("a@b.io, A@B.IO; <c@d.org>", ("a@b.io", "A@B.IO", "c@d.org")),
        ("a@b.io and again a@b.io", ("a@b.io",)),
        ("mailto:bob@example.com?subject=x", ("bob@example.com",)),
        ("Schreib an bob@müller.de!", ("bob@müller.de",)),
        ("bob@xn--mller-kva.de", ("bob@xn--mller-kva.de",)),
        ("...bob@example.com", ("bob@example.com",)),
    ],
)
def test_plain_addresses_are_found_once_and_in_order(text: str, matches: tuple[str, ...]) -> None:
    finding = email.find(text)

    assert (finding.found, finding.flagged, finding.matches) == (True, True, matches)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@bob",
        "bob@",
        "bob@example",
        "bob @ example . com",
        "meet me at example.com",
        "3 apples @ 2.50",
        "bob@-example.com",
        "bob@example.c",
        "bob@example.123",
        "bob [at] example [dot] com",
        "...@example.com",
    ],
)
def test_what_is_no_address_is_not_found(text: str) -> None:
    finding = email.find(text)

    assert (finding.found, finding.flagged, finding.matches) == (False, False, ())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("bob [at] example [dot] com", "bob [at] example [dot] com"),
        ("mr_robot[at]gmail|DOT|com", "mr_robot[at]gmail|DOT|com"),
        ("write bob at example dot com now", "bob at example dot com"),
        ("bob＠example．com", "bob＠example．com"),
        ("bob(at)example.com", "bob(at)example.com"),
        ("plain bob@example.com", "bob@example.com"),
    ],
)
def test_disguised_addresses_are_found_where_asked_for(text: str, match: str) -> None:
    finding = email.find(text, mode="SUSPICIOUS")

    assert (finding.found, finding.mode, finding.matches) == (True, "SUSPICIOUS", (match,))


@pytest.mark.parametrize("text", ["meet me at example.com", "look at that dot", "[at]", "at dot at dot"])
def test_ordinary_words_are_no_disguise(text: str) -> None:
    assert not email.find(text, mode="SUSPICIOUS").found


def test_each_text_has_a_finding_in_order() -> None:
    findings = email.analyze(["a@b.io", "nothing", "c@d.io"])

    assert [finding.matches for finding in findings] == [("a@b.io",), (), ("c@d.io",)]


def test_a_finding_is_a_matcher_for_clients() -> None:
    assert email.find("a@b.io").as_gen2() == {"found": True, "mode": "NORMAL", "matches": ["a@b.io"]}
