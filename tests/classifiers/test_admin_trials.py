"""The test run: texts tried, reasons shown, wrong answers corrected; with and without a script."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from classifiers.ml import nearest
from classifiers.models import Classifier, Example, ExampleState
from classifiers.services import encoders
from moderation.models import RequestLog
from tests import staff
from tests.factories import ClassifierFactory, ExampleFactory, HeldOutFactory, LabelFactory, LabelledExampleFactory
from tests.live_versions import go_live

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("encoder_folder")]

_PAYMENT, _GREETING = "could you pay me by bank transfer?", "hello there"
_SCRIPT = "<script>alert(1)</script> pay me"


@pytest.fixture
def boss() -> Client:
    return staff.login()


@pytest.fixture
def classifier() -> Classifier:
    go_live(made := ClassifierFactory())
    made.refresh_from_db()
    return made


def _try(boss: Client, classifier: Classifier, text: str = "", **fields: Any) -> Any:
    posted = {"text": text, "split": "one", "version": classifier.live_version.number, **fields}
    return boss.post(staff.page(classifier, "try"), posted)


def _send(boss: Client, classifier: Classifier, page: str, texts: Any, **fields: Any) -> Any:
    packed = texts if isinstance(texts, str) else json.dumps(texts)
    posted = {"texts": packed, "version": classifier.live_version.number, **fields}
    return boss.post(staff.page(classifier, page), posted)


def _label(classifier: Classifier, name: str) -> int:
    return classifier.labels.get(name=name).pk


def test_one_text_is_answered_with_its_scores_and_the_milliseconds(boss: Client, classifier: Classifier) -> None:
    response = _try(boss, classifier, _PAYMENT)

    why = response.context["why"]
    assert (why.answer.label, why.answer.is_undecided) == ("Payment", False)
    assert [name for name, _, _ in why.answer.bars] == ["Payment", "Greeting"]
    page = staff.said(response)
    assert "Answered in" in page
    assert f"{_PAYMENT}</textarea>" in page
    assert "Train again to see the nearest." in page
    assert not RequestLog.objects.exists()


def test_words_are_marked_in_their_place_and_named_with_their_weights(boss: Client, classifier: Classifier) -> None:
    why = _try(boss, classifier, _PAYMENT).context["why"]

    assert "".join(piece.text for piece in why.pieces) == _PAYMENT
    assert max(piece.shade for piece in why.pieces) == 3
    heaviest, weight = why.named_for[0]
    assert heaviest in ("bank", "pay", "transfer?")
    assert weight.startswith("+")
    assert any(piece.text == heaviest and "speaks for “Payment”" in piece.title for piece in why.pieces)


def test_the_nearest_examples_stand_beside_the_answer(boss: Client, classifier: Classifier) -> None:
    label = classifier.labels.get(name="Payment")
    example = LabelledExampleFactory(classifier=classifier, label=label, text="pay by bank <b>transfer</b>")
    X = encoders.get_encoder().encode([example.text])
    index = nearest.build(X, np.array([0]), np.array([example.pk]), layer_count=3, rng=np.random.default_rng(0))
    nearest.write(settings.ARTIFACTS_DIR / classifier.live_version.artifact_path, index)

    page = staff.said(_try(boss, classifier, _PAYMENT))

    assert "pay by bank &lt;b&gt;transfer&lt;/b&gt;" in page
    assert "% alike" in page


def test_texts_are_shown_as_text(boss: Client, classifier: Classifier) -> None:
    pages = [
        staff.said(_try(boss, classifier, _SCRIPT)),
        staff.said(_try(boss, classifier, f"{_SCRIPT}\nhello", split="lines")),
        staff.said(_send(boss, classifier, "try_why", [_SCRIPT], why=0)),
        staff.said(_send(boss, classifier, "try_correct", [_SCRIPT], row=0, label=_label(classifier, "Payment"))),
    ]

    assert all("<script>alert" not in page and "alert(1)" in page for page in pages)


def test_each_line_is_a_text_where_that_is_chosen(boss: Client, classifier: Classifier) -> None:
    response = _try(boss, classifier, f"{_PAYMENT}\r\n\r\n{_GREETING}\r\n", split="lines")

    rows = response.context["rows"]
    assert [(row.text, row.answer.label) for row in rows] == [(_PAYMENT, "Payment"), (_GREETING, "Greeting")]
    assert "2 texts, answered by version" in staff.said(response)


def test_a_file_is_tried_and_it_is_said_how_it_was_read(boss: Client, classifier: Classifier) -> None:
    file = SimpleUploadedFile("posts.csv", f'id,message\n1,{_PAYMENT}\n2,{_GREETING}\n3,""\n'.encode())

    response = _try(boss, classifier, file=file)

    assert [row.answer.label for row in response.context["rows"]] == ["Payment", "Greeting"]
    page = staff.said(response)
    assert "Read from the column “message”" in page
    assert "Row 4: " in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": ""}, "The text is blank."),
        ({"text": "\u200b"}, "The text is blank."),
        ({"text": "", "split": "lines"}, "Type or paste a text first."),
        ({"text": "a\n" * 1_001, "split": "lines"}, "1,000 can be tried at once"),
        ({"text": "x" * 100_001}, "the limit is 100,000"),
        ({"text": "nul\0"}, "Null characters are not allowed."),
        ({"text": "a", "file": SimpleUploadedFile("a.csv", b"%PDF-1.7")}, "This file is a PDF document"),
        ({"text": "a", "file": SimpleUploadedFile("a.csv", b"")}, "The file is empty."),
        ({"text": "a", "version": "77"}, "This version isn&#x27;t there any more."),
        ({"text": "a", "version": "9" * 30}, "This version isn&#x27;t there any more."),
        ({"text": "a", "version": "x"}, "This version isn&#x27;t there any more."),
        ({"text": "a", "version": ""}, "Choose a version to ask."),
        ({"text": "a", "split": "words"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_tried_says_why(
    boss: Client, classifier: Classifier, fields: dict[str, Any], sentence: str
) -> None:
    response = _try(boss, classifier, **fields)

    assert response.status_code == 200
    assert sentence in staff.said(response)


def test_a_text_among_many_that_cannot_be_tried_says_why_in_its_row(boss: Client, classifier: Classifier) -> None:
    response = _send(boss, classifier, "try_correct", ["hello", "a\ud800b", "x" * 100_001])

    assert [row.answer is not None for row in response.context["rows"]] == [True, False, False]
    page = staff.said(response)
    assert "half a surrogate pair" in page
    assert "a\\ud800b" in page


def test_another_version_can_be_asked(boss: Client, classifier: Classifier) -> None:
    other = staff.scored(classifier, number=99)

    asked = _try(boss, classifier, "hello", version=99)
    opened = boss.get(staff.page(classifier, "try"), {"version": 99})

    assert "The trained version&#x27;s files are missing." in staff.said(asked)
    assert f'<option value="99" selected>Version {other.number}</option>' in staff.said(opened)


def test_under_its_threshold_a_text_is_undecided(boss: Client, classifier: Classifier) -> None:
    classifier.live_version.thresholds = {"0": 1.01, "1": 1.01}
    classifier.live_version.save(update_fields=["thresholds"])

    one, many = _try(boss, classifier, _PAYMENT), _try(boss, classifier, "a\nb", split="lines")

    assert "No label passes its threshold. The surest is" in staff.said(one)
    assert staff.said(many).count("undecided</span>") == 2


def test_without_a_version_the_page_leads_to_training(boss: Client) -> None:
    assert "There is no version to try yet." in staff.said(boss.get(staff.page(ClassifierFactory(), "try")))


def test_a_wrong_answer_is_added_with_the_right_label_and_taken_back(boss: Client, classifier: Classifier) -> None:
    label = _label(classifier, "Payment")

    added = _send(boss, classifier, "try_correct", ["hello, pay me", "bye"], row=0, label=label)
    example = Example.objects.get()
    undone = _send(boss, classifier, "try_undo", ["hello, pay me", "bye"], undo=0)

    assert (example.text, example.label_id, example.state) == ("hello, pay me", label, ExampleState.CONFIRMED)
    assert [row.said.sentence for row in added.context["rows"]] == ["Added as “Payment”.", ""]
    assert [row.example for row in added.context["rows"]] == [example, None]
    assert undone.context["rows"][0].said.sentence == "Undone: it isn't among the examples any more."
    assert not Example.objects.exists()


def test_an_example_that_was_there_is_relabelled_and_that_is_said(boss: Client, classifier: Classifier) -> None:
    greeting = classifier.labels.get(name="Greeting")
    example = LabelledExampleFactory(classifier=classifier, label=greeting, text="pay me", is_golden=True)

    tried = _try(boss, classifier, "pay me")
    response = _send(boss, classifier, "try_correct", ["pay me"], row=0, label=_label(classifier, "Payment"))

    example.refresh_from_db()
    assert "An example already: “<bdi>Greeting</bdi>”" in staff.said(tried)
    assert (example.label.name, example.is_golden) == ("Payment", True)
    assert response.context["rows"][0].said.sentence == (
        "It was among the examples as “Greeting”; it is “Payment” now. It stays set aside to measure on."
    )


def test_a_script_is_sent_only_what_changed_in_its_row(boss: Client, classifier: Classifier) -> None:
    response = _send(boss, classifier, "try_correct", ["pay me"], row=0, place=17, label=_label(classifier, "Payment"))

    page = staff.said(response)
    assert page.lstrip().startswith('<div class="hr-standing" role="status" data-hr-standing="17">')
    assert "Added as “Payment”." in page
    assert 'name="undo" value="17"' in page


def test_the_digits_stand_on_the_labels(boss: Client, classifier: Classifier) -> None:
    for number in range(2, 12):
        LabelFactory(classifier=classifier, number=number)

    page = staff.said(_try(boss, classifier, "pay me"))

    assert [page.count(f'data-hr-key="{digit}"') for digit in range(11)] == [0, *[1] * 9, 0]


@pytest.mark.parametrize(
    ("page", "fields", "sentence"),
    [
        ("try_correct", {"row": "0", "label": "999999"}, "This label isn&#x27;t there any more."),
        ("try_correct", {"row": "0", "label": "x"}, "This label isn&#x27;t there any more."),
        ("try_correct", {"row": "0"}, "This label isn&#x27;t there any more."),
        ("try_correct", {"label": "1"}, "Choose a text first."),
        ("try_correct", {"row": "7", "label": "1"}, "Choose a text first."),
        ("try_correct", {"row": "-1", "label": "1"}, "Choose a text first."),
        ("try_correct", {"row": "0", "texts": "[1]"}, "Try the texts again."),
        ("try_correct", {"row": "0", "texts": "{"}, "Try the texts again."),
        ("try_correct", {"row": "0", "texts": "[" * 50_000}, "Try the texts again."),
        ("try_correct", {"row": "0", "texts": json.dumps(["a"] * 1_001)}, "Try the texts again."),
        ("try_correct", {"row": "0", "version": "77"}, "Try the texts again."),
        ("try_undo", {"undo": "0"}, "nothing to undo here"),
        ("try_undo", {}, "Choose a text first."),
        ("try_why", {}, "Choose a text first."),
        ("try_why", {"why": "0", "texts": '["a\\ud800"]'}, "half a surrogate pair"),
        ("try_why", {"why": "0", "texts": '[" "]'}, "The text is blank."),
    ],
)
def test_what_no_page_sends_is_answered_in_a_sentence(
    boss: Client, classifier: Classifier, page: str, fields: dict[str, str], sentence: str
) -> None:
    response = _send(boss, classifier, page, **{"texts": ["pay me", "hello"], **fields})

    assert response.status_code == 200
    assert sentence in staff.said(response)
    assert not Example.objects.exists()


def test_a_label_of_another_classifier_is_refused(boss: Client, classifier: Classifier) -> None:
    response = _send(boss, classifier, "try_correct", ["pay me"], row=0, label=LabelFactory().pk)

    assert "belongs to another classifier" in staff.said(response)
    assert not Example.objects.exists()


def test_a_text_with_a_control_character_is_tried_but_is_no_example(boss: Client, classifier: Classifier) -> None:
    response = _send(boss, classifier, "try_correct", ["pay\x07me"], row=0, label=_label(classifier, "Payment"))

    assert response.context["rows"][0].said.is_problem
    assert "U+0007" in staff.said(response)


def test_the_page_sends_back_the_texts_as_they_were_in_little_space(boss: Client, classifier: Classifier) -> None:
    texts = ["你好" * 10, "a\ud800b", '"quoted" \\ <b>\n\t']

    packed = _send(boss, classifier, "try_correct", texts).context["texts_json"]

    assert json.loads(packed) == texts
    assert len(packed.encode()) < 130


def test_the_reason_of_a_row_has_a_page_of_its_own(boss: Client, classifier: Classifier) -> None:
    response = _send(boss, classifier, "try_why", ["hello", _PAYMENT], why=1)

    assert response.context["why"].explanation.text == _PAYMENT
    assert "It answers “<bdi>Payment</bdi>”" in staff.said(response)


def test_a_mistake_says_what_was_said_before_and_what_is_said_now(boss: Client, classifier: Classifier) -> None:
    version = classifier.live_version
    version.labels = [{"number": 0, "name": "Payment"}, {"number": 1, "name": "Greeting"}]
    version.save(update_fields=["labels"])
    example = ExampleFactory(classifier=classifier, text=_PAYMENT)
    held_out = HeldOutFactory(version=version, example=example, score=0.8)

    listed = staff.said(boss.get(staff.page(classifier, "review")))
    address = staff.page(classifier, "mistake_why", held_out_id=held_out.pk)
    page = staff.said(boss.get(address))

    assert f'href="{address}" data-hr-why' in listed
    assert "took it for “<bdi>Greeting</bdi>”, 80 % sure; its label was “<bdi>Payment</bdi>”." in page
    assert "Now that it has learnt from it, it answers “<bdi>Payment</bdi>”" in page


def test_a_mistake_of_a_version_without_files_says_so(boss: Client) -> None:
    held_out = HeldOutFactory(example__text="<b>bold</b>")
    classifier = held_out.version.classifier

    page = staff.said(boss.get(staff.page(classifier, "mistake_why", held_out_id=held_out.pk)))

    assert "files are missing" in page
    assert "&lt;b&gt;bold" in page


def test_a_mistake_of_another_classifier_is_not_found(boss: Client) -> None:
    held_out = HeldOutFactory()

    assert boss.get(staff.page(ClassifierFactory(), "mistake_why", held_out_id=held_out.pk)).status_code == 404


def test_who_may_look_may_try_and_ask_why_but_not_correct(classifier: Classifier) -> None:
    looker = staff.login("classifiers.view_classifier")

    tried = _try(looker, classifier, "a\nb", split="lines")

    assert 'name="label"' not in staff.said(tried)
    assert _send(looker, classifier, "try_why", ["a"], why=0).status_code == 200
    assert _send(looker, classifier, "try_correct", ["a"], row=0, label=1).status_code == 403
    assert _send(looker, classifier, "try_undo", ["a"], undo=0).status_code == 403


@pytest.mark.parametrize("permission", ["classifiers.add_example", "classifiers.change_example"])
def test_who_may_only_add_or_only_change_corrects_nothing(classifier: Classifier, permission: str) -> None:
    person = staff.login("classifiers.view_classifier", permission)

    for page in ("try_correct", "try_undo"):
        assert _send(person, classifier, page, ["a"], row=0, undo=0, label=1).status_code == 403


def test_a_stranger_is_sent_to_the_login(client: Client, classifier: Classifier) -> None:
    statuses = [client.get(staff.page(classifier, "try")).status_code, _try(client, classifier, "a").status_code]

    assert statuses == [302, 302]


def test_a_version_that_failed_is_not_offered(boss: Client, classifier: Classifier) -> None:
    classifier.versions.create(number=50, state="FAILED")

    assert "Version 50" not in staff.said(boss.get(staff.page(classifier, "try")))
