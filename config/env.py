"""Typed readers of environment variables. A value that cannot be read stops the start, with a sentence."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# Django's own check W009 asks for 50 characters of which 5 differ.
SECRET_KEY_MIN_LENGTH = 50
SECRET_KEY_MIN_DISTINCT = 5

# No model's million tokens cost as much in any currency: more is a slip of the pen.
_MOST_PRICE = 1_000_000

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Env:
    """Read settings from `source`; each NAME may also come from the file that NAME_FILE points to."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self._source = os.environ if source is None else source

    def text(self, name: str, *, default: str = "") -> str:
        """Return the value of NAME, else the content of the file NAME_FILE, else `default`.

        Raises ImproperlyConfigured where NAME_FILE names a file that cannot be read.
        """
        value = self._source.get(name, "").strip()
        path = self._source.get(f"{name}_FILE", "").strip()
        if value or not path:
            return value or default
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE points to {path}, which cannot be read.") from error

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return NAME as a yes or no. Raises ImproperlyConfigured on anything but 1/0, true/false, yes/no, on/off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value not in _TRUE | _FALSE:
            raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
        return value in _TRUE

    def integer(self, name: str, *, default: int, minimum: int = 0, maximum: int | None = None) -> int:
        """Return NAME as a whole number in that range, ends included. Raises ImproperlyConfigured otherwise."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error
        if number < minimum:
            raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
        if maximum is not None and number > maximum:
            raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {number}.")
        return number

    def prices(self, name: str, *, default: str = "{}") -> dict[str, tuple[Decimal, Decimal]]:
        """Return NAME, a JSON object of models, as what a million tokens of each cost, read and written.

        Raises ImproperlyConfigured where it isn't one.
        """
        value = self.text(name, default=default)
        try:
            table = json.loads(value, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant)
            return {model: (_price(entry["input"]), _price(entry["output"])) for model, entry in table.items()}
        except (ValueError, ArithmeticError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ImproperlyConfigured(
                f'{name} must give prices of a million tokens like {{"some-model": {{"input": 0.25, "output": 2}}}}.'
            ) from error

    def web_url(self, name: str, *, default: str) -> str:
        """Return NAME as an http(s) URL. Raises ImproperlyConfigured otherwise."""
        url = self.text(name, default=default).rstrip("/")
        try:
            parts = urlsplit(url)
            is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_url = False
        if not is_url:
            raise ImproperlyConfigured(f"{name} must look like https://api.example.com/v1, not {url!r}.")
        return url

    def names(self, name: str, *, default: Sequence[str] = ()) -> list[str]:
        """Return NAME as a list; the values are separated by commas."""
        value = self.text(name)
        return [part.strip() for part in value.split(",") if part.strip()] if value else list(default)

    def folder(self, name: str, *, default: Path) -> Path:
        """Return NAME as an absolute path of a folder, which is made where it is missing."""
        path = Path(self.text(name) or default).expanduser().resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImproperlyConfigured(f"{name}: the folder {path} cannot be made.") from error
        return path

    def public_url(self, name: str, *, default: str) -> tuple[str, str, bool]:
        """Return NAME as (url without a trailing slash, host, whether it is a loopback address without TLS).

        Raises ImproperlyConfigured where it is no http(s) URL, or plain http to anything but this machine.
        """
        url = self.text(name, default=default).rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(f"{name} must look like https://rules.example.com, not {url!r}.")
        is_plain = parts.scheme == "http"
        if is_plain and parts.hostname not in LOOPBACK:
            raise ImproperlyConfigured(
                f"{name} is {url!r}: passwords and keys would travel unencrypted. Use https, or a loopback address."
            )
        return url, parts.hostname, is_plain


def _price(value: object) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value <= _MOST_PRICE:
        raise ValueError("not a price")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def secret_key(env: Env, *, path: Path) -> str:
    """Return SECRET_KEY, or the key kept in `path`, which the first start makes with mode 0600.

    Raises ImproperlyConfigured where the key is weak, or the file can be read by others.
    """
    value = env.text("SECRET_KEY")
    origin = "SECRET_KEY"
    if not value:
        value, origin = _kept_key(path), str(path)
    weak = len(value) < SECRET_KEY_MIN_LENGTH or len(set(value)) < SECRET_KEY_MIN_DISTINCT
    if weak or value.startswith("django-insecure"):
        raise ImproperlyConfigured(
            f"{origin} is too weak: it needs at least {SECRET_KEY_MIN_LENGTH} random characters. "
            "Leave SECRET_KEY unset and the first start makes one."
        )
    return value


def _kept_key(path: Path) -> str:
    if not path.exists():
        _keep_new_key(path)
    if path.stat().st_mode & 0o077:
        raise ImproperlyConfigured(f"{path} can be read by others. Run: chmod 600 {path}")
    return path.read_text(encoding="ascii").strip()


def _keep_new_key(path: Path) -> None:
    # Written whole under another name and then linked: of two processes that start at once one wins,
    # and neither ever reads half a key.
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    with contextlib.suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
