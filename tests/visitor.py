"""A visitor of the screens over a real socket: cookies, forms as they stand in the page, redirects. No JavaScript."""

from __future__ import annotations

import re
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart


@dataclass
class Form:
    """A form of a page, with the values that it would send as it stands. `button` is what its buttons say."""

    action: str
    method: str
    button: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """What the visitor sees. `url` is the last one, after redirects."""

    url: str
    html: str
    forms: tuple[Form, ...]

    @property
    def text(self) -> str:
        """The page without tags, each run of white space one blank."""
        seen = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", self.html)
        return " ".join(re.sub(r"<[^>]+>", " ", seen).split())


class Visitor:
    """One person with a browser at one server."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def login(self, name: str, password: str) -> Page:
        """Log in to the admin."""
        page = self.submit(self.open("/admin/login/"), has="password", username=name, password=password)
        assert "password" not in {value for form in page.forms for value in form.values}, page.text
        return page

    def open(self, path: str) -> Page:
        """Get a page."""
        return self._send(urllib.request.Request(urllib.parse.urljoin(self._base_url, path)))

    def submit(self, page: Page, *, has: str = "", button: str = "", **changes: Any) -> Page:
        """Send the page's form that has a field named `has`, with some values changed; files may be among them.

        A form without fields is told by what its button says.
        """
        forms = [form for form in page.forms if (has in form.values if has else button in form.button)]
        assert forms, f"No form with “{has or button}” on {page.url}: {page.text[:2_000]}"
        form = forms[0]
        assert form.method == "post"
        body = encode_multipart(BOUNDARY, {**form.values, **changes})
        headers = {"Content-Type": MULTIPART_CONTENT, "Referer": page.url, "Origin": self._base_url}
        return self._send(
            urllib.request.Request(urllib.parse.urljoin(page.url, form.action), data=body, headers=headers)
        )

    def wait_for(self, path: str, *, text: str, within_s: float) -> Page:
        """Open a page again and again until it shows `text`."""
        deadline = time.monotonic() + within_s
        while text not in (page := self.open(path)).text:
            assert time.monotonic() < deadline, f"“{text}” never came up on {page.url}: {page.text[:3_000]}"
            time.sleep(0.3)
        return page

    def _send(self, request: urllib.request.Request) -> Page:
        with self._opener.open(request, timeout=60) as response:
            html = response.read().decode()
            parser = _FormParser()
            parser.feed(html)
            return Page(url=response.geturl(), html=html, forms=tuple(parser.forms))


class _FormParser(HTMLParser):
    """Gathers the forms of a page as a browser would send them. Buttons aren't pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._textarea = ""
        self._is_button = False
        self._is_template = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._is_template = True
        elif tag == "form":
            self._form = Form(action=found.get("action", ""), method=found.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and not self._is_template:
            self._take(tag, found, values=self._form.values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._is_template = False
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "button":
            self._is_button = False

    def handle_data(self, data: str) -> None:
        if self._is_button and self._form is not None:
            self._form.button += data
        if self._textarea and self._form is not None:
            self._form.values[self._textarea] += data

    def _take(self, tag: str, found: Mapping[str, str], *, values: dict[str, str]) -> None:
        name = found.get("name", "")
        if tag == "input" and name:
            is_ticked = "checked" in found or found.get("type") not in ("checkbox", "radio")
            if is_ticked and found.get("type") not in ("submit", "button"):
                values[name] = found.get("value", "on" if found.get("type") == "checkbox" else "")
        elif tag == "button":
            self._is_button = True
        elif tag == "textarea" and name:
            self._textarea = name
            values[name] = ""
        elif tag == "select" and name:
            self._select = name
            values.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in found or not values[self._select]):
            values[self._select] = found.get("value", "")
