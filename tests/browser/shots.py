"""Pages at the widths at which people see them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

_WIDTHS = {"wide": (1400, 900), "phone": (390, 844)}


def shoot(person: Page, *, name: str, shots: Path | None) -> None:
    """See that the page fits its window at both widths; keep a picture of it where somebody wants to look."""
    for width, (columns, rows) in _WIDTHS.items():
        person.set_viewport_size({"width": columns, "height": rows})
        if shots is not None:
            person.screenshot(path=shots / f"{name}-{width}.png")
        overhang = person.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overhang <= 0, f"{name} is {overhang} pixels wider than a window of {columns}."
    person.set_viewport_size({"width": 1400, "height": 900})


def shoot_both(person: Page, *, name: str, shots: Path | None) -> None:
    """Do so in dark and in light. What stands in the page's fields stays: it isn't loaded again."""
    for scheme in ("dark", "light"):
        person.evaluate("isDark => document.documentElement.classList.toggle('dark', isDark)", scheme == "dark")
        if shots is not None:
            # Until the buttons have faded into their new color.
            person.wait_for_timeout(200)
        shoot(person, name=f"{name}-{scheme}", shots=shots)
