"""Screens in a real browser, on the real server. Run by themselves: Playwright's event loop gets in Django's way."""
