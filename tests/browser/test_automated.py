"""The loop of automated annotation in a real browser: ten texts, a clearer rule, the same ten again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shots import shoot_both
from tests.llm_server import LanguageModelServer
from tests.server import Server, own_database
from tests.walks import log_in, make_classifier

pytestmark = [pytest.mark.server, pytest.mark.slow]

_RUN_MS = 60_000
_LAMPS = [f"Is the lamp number {number} still there?" for number in range(8)]
_VOUCHERS = [f"Dear friend, a voucher worth {number} euros waits for you." for number in range(8)]


@pytest.fixture(scope="module")
def language_model() -> Iterator[LanguageModelServer]:
    """Return a stand-in for a language model that goes by the quoted words of the labels' rules."""
    with LanguageModelServer(mode="rules", delay_s=0.3) as server:
        yield server


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, encoder_folder: Path, language_model: LanguageModelServer
) -> Iterator[Server]:
    """Return a server of this file's own, which asks the stand-in."""
    model = {"OPENAI_BASE_URL": language_model.url, "OPENAI_MODEL": "stand-in", "LLM_CONCURRENCY": "2"}
    model["LLM_PRICES"] = json.dumps({"stand-in": {"input": 1, "output": 4}})
    with own_database() as database_url:
        folder = tmp_path_factory.mktemp("house-with-a-model")
        server = Server(folder, encoders_dir=encoder_folder.parent, database_url=database_url, settings=model)
        try:
            server.start()
            yield server
            server.stop()
        finally:
            server.kill()


def _classifier(house: Server, *, key: str) -> str:
    """Make a classifier with sixteen texts; return the address of its page."""
    address = make_classifier(log_in(house), key=key, labels=("Fine", "Spam"))
    texts = [text for pair in zip(_LAMPS, _VOUCHERS, strict=True) for text in pair]
    house.shell(
        "from classifiers.models import Classifier; from classifiers.services import examples; "
        f"c = Classifier.objects.get(key='{key}'); "
        f"[examples.add(c, text=text, label_id=None, by=None) for text in {texts!r}]"
    )
    return address


def test_ten_a_clearer_rule_and_the_same_ten_again(
    person: Page, house: Server, language_model: LanguageModelServer, shots: Path | None
) -> None:
    address, before = _classifier(house, key="vouchers"), language_model.calls

    person.goto(f"{address}annotate/")
    expect(person.get_by_text("stand-in")).to_be_visible()
    shoot_both(person, name="automated-1-home", shots=shots)
    person.get_by_role("link", name="Try it on 10 texts").click()
    expect(person.get_by_role("button", name="Start: 10 texts")).to_be_visible()
    shoot_both(person, name="automated-2-plan", shots=shots)
    assert language_model.calls == before

    person.get_by_role("button", name="Start: 10 texts").click()
    expect(person.get_by_role("progressbar")).to_be_visible()
    shoot_both(person, name="automated-3-run", shots=shots)
    # The page comes to its end by itself: nobody loads it again.
    expect(person.get_by_role("heading", name="What it said")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator("[name=shown]")).to_have_count(10)
    assert (
        person.locator("select[name^=label_]")
        .evaluate_all("all => all.map(one => one.value)")
        .count(person.locator("select[name^=label_] option", has_text="Fine").first.get_attribute("value"))
        == 10
    )
    shoot_both(person, name="automated-4-result", shots=shots)

    rule = "Promises things for nothing, such as a “voucher”."
    person.get_by_label("Spam", exact=True).fill(rule)
    person.get_by_role("button", name="Save and run again on the same 10 texts").click()
    expect(person.get_by_text("What the new wording changed")).to_be_visible(timeout=_RUN_MS)
    expect(person.get_by_text("5 texts have another label than in run")).to_be_visible()
    expect(person.locator("#changed .hr-change")).to_contain_text(rule)
    expect(person.locator("#changed figure")).to_have_count(10)
    shoot_both(person, name="automated-5-flips", shots=shots)
    assert language_model.calls == before + 20

    person.get_by_role("button", name="Confirm all shown").click()
    expect(person.get_by_text("10 suggestions confirmed.")).to_be_visible()
    person.goto(f"{address}annotate/")
    expect(person.get_by_text("It agreed with people on 10 of 10 texts (100 %).")).to_be_visible()
    shoot_both(person, name="automated-6-trust", shots=shots)


def test_a_run_is_paused_and_goes_on_where_it_stopped(
    person: Page, house: Server, language_model: LanguageModelServer, shots: Path | None
) -> None:
    address = _classifier(house, key="paused")
    before = language_model.calls

    person.goto(f"{address}annotate/runs/new/?pick=ALL")
    person.get_by_role("button", name="Start: 16 texts").click()
    person.get_by_role("button", name="Pause").click()
    expect(person.get_by_text("Paused on request.")).to_be_visible(timeout=_RUN_MS)
    shoot_both(person, name="automated-7-paused", shots=shots)
    person.get_by_role("button", name="Resume").click()

    expect(person.get_by_role("heading", name="What it said")).to_be_visible(timeout=_RUN_MS)
    expect(person.locator(".hr-sums .hr-good")).to_have_text("16", timeout=_RUN_MS)
    assert language_model.calls - before == 16


def test_a_wrong_key_pauses_or_ends_the_run_with_a_sentence(
    person: Page, house: Server, language_model: LanguageModelServer, shots: Path | None
) -> None:
    address = _classifier(house, key="refused")
    language_model.mode = "bad_key"

    person.goto(f"{address}annotate/runs/new/")
    person.get_by_role("button", name="Start: 10 texts").click()
    expect(person.get_by_role("button", name="Resume")).to_be_visible(timeout=_RUN_MS)
    expect(person.get_by_role("alert")).to_contain_text("OPENAI_API_KEY")
    shoot_both(person, name="automated-8-refused", shots=shots)
    language_model.mode = "rules"
