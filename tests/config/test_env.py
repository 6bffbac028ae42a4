"""Settings are read strictly: a bad value stops the start with a sentence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env, secret_key

STRONG = "correct-horse-battery-staple-correct-horse-battery-staple-0123456789"


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from the file\n", encoding="utf-8")

    assert Env({"TOKEN_FILE": str(tmp_path / "token")}).text("TOKEN") == "from the file"


def test_the_variable_itself_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("file", encoding="utf-8")

    assert Env({"TOKEN": "variable", "TOKEN_FILE": str(tmp_path / "token")}).text("TOKEN") == "variable"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="TOKEN_FILE"):
        Env({"TOKEN_FILE": str(tmp_path / "missing")}).text("TOKEN")


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_boolean_is_read(value: str, expected: bool) -> None:
    assert Env({"DEBUG": value}).boolean("DEBUG", default=not expected) is expected


@pytest.mark.parametrize("value", ["2", "ja", "tru", "None"])
def test_what_is_no_boolean_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be true or false"):
        Env({"DEBUG": value}).boolean("DEBUG", default=False)


@pytest.mark.parametrize("value", ["ten", "1.5", "-1", "0"])
def test_what_is_no_whole_number_in_range_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WORKERS"):
        Env({"WORKERS": value}).integer("WORKERS", default=1, minimum=1)


def test_names_are_split_at_commas() -> None:
    assert Env({"HOSTS": "a.example, b.example,"}).names("HOSTS") == ["a.example", "b.example"]


@pytest.mark.parametrize(
    "url", ["rules.example.com", "ftp://rules.example.com", "https://", "http://rules.example.com"]
)
def test_a_public_url_without_tls_or_host_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        Env({"PUBLIC_URL": url}).public_url("PUBLIC_URL", default="http://127.0.0.1")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://rules.example.com/", ("https://rules.example.com", "rules.example.com", False)),
        ("http://localhost:9000", ("http://localhost:9000", "localhost", True)),
    ],
)
def test_a_public_url_is_taken_apart(url: str, expected: tuple[str, str, bool]) -> None:
    assert Env({"PUBLIC_URL": url}).public_url("PUBLIC_URL", default="") == expected


@pytest.mark.parametrize("weak", ["short", "a" * 80, "django-insecure-" + STRONG])
def test_a_weak_secret_key_is_refused(weak: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is too weak"):
        secret_key(Env({"SECRET_KEY": weak}), path=tmp_path / "secret_key")


def test_the_first_start_makes_a_key_that_only_the_owner_can_read(tmp_path: Path) -> None:
    first = secret_key(Env({}), path=tmp_path / "secret_key")

    assert secret_key(Env({}), path=tmp_path / "secret_key") == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret_key(Env({}), path=tmp_path / "secret_key")
    (tmp_path / "secret_key").chmod(0o644)

    with pytest.raises(ImproperlyConfigured, match="chmod 600"):
        secret_key(Env({}), path=tmp_path / "secret_key")


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch(mode=0o600)

    with pytest.raises(ImproperlyConfigured, match="too weak"):
        secret_key(Env({}), path=tmp_path / "secret_key")


@pytest.mark.parametrize("value", ["0", "33", "-1"])
def test_a_number_outside_of_its_range_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LLM_CONCURRENCY"):
        Env({"LLM_CONCURRENCY": value}).integer("LLM_CONCURRENCY", default=8, minimum=1, maximum=32)


def test_prices_are_read_exactly() -> None:
    prices = Env({"LLM_PRICES": '{"some-model": {"input": 0.1, "output": 2}}'}).prices("LLM_PRICES")

    assert prices == {"some-model": (Decimal("0.1"), Decimal(2))}


@pytest.mark.parametrize(
    "value",
    [
        "0.25",
        "[]",
        '{"a": 1}',
        '{"a": {"input": 1}}',
        '{"a": {"input": "1", "output": 2}}',
        '{"a": {"input": -1, "output": 2}}',
        '{"a": {"input": NaN, "output": 2}}',
        '{"a": {"input": 1e99, "output": 2}}',
        '{"a": {"input": true, "output": 2}}',
        "{",
        "[" * 10_000,
    ],
)
def test_what_is_no_table_of_prices_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LLM_PRICES"):
        Env({"LLM_PRICES": value}).prices("LLM_PRICES")


def test_a_web_address_loses_its_last_slash() -> None:
    assert Env({"URL": "http://127.0.0.1:8080/v1/"}).web_url("URL", default="") == "http://127.0.0.1:8080/v1"


@pytest.mark.parametrize(
    "value", ["models.example.com", "ftp://models.example.com", "https://", "http://a:b/", "http://[::"]
)
def test_what_is_no_web_address_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OPENAI_BASE_URL"):
        Env({"OPENAI_BASE_URL": value}).web_url("OPENAI_BASE_URL", default="https://api.example.com")
