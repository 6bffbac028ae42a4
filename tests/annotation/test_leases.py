"""Nobody is given what lies before another; what somebody left lying is given on."""

from __future__ import annotations

import datetime as dt

import pytest

from annotation.models import Lease
from annotation.services import leases
from annotation.services.leases import HOLDS_FOR
from tests.factories import ExampleFactory, UserFactory

pytestmark = pytest.mark.django_db

_NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


def test_a_free_text_is_taken_for_five_minutes() -> None:
    until_at = leases.take(ExampleFactory().pk, user_id=UserFactory().pk, now=_NOW)

    assert until_at == _NOW + dt.timedelta(minutes=5)


def test_what_lies_before_another_cannot_be_taken() -> None:
    example = ExampleFactory()
    first = UserFactory()
    leases.take(example.pk, user_id=first.pk, now=_NOW)

    assert leases.take(example.pk, user_id=UserFactory().pk, now=_NOW) is None
    assert Lease.objects.get().user == first


def test_taking_it_again_holds_it_on() -> None:
    example, user = ExampleFactory(), UserFactory()
    leases.take(example.pk, user_id=user.pk, now=_NOW)
    later = _NOW + dt.timedelta(minutes=3)

    assert leases.take(example.pk, user_id=user.pk, now=later) == later + HOLDS_FOR
    assert Lease.objects.get().until_at == later + HOLDS_FOR


def test_what_was_left_lying_goes_to_the_next_one() -> None:
    example = ExampleFactory()
    second = UserFactory()
    leases.take(example.pk, user_id=UserFactory().pk, now=_NOW)

    assert leases.take(example.pk, user_id=second.pk, now=_NOW + HOLDS_FOR) is not None
    assert Lease.objects.get().user == second


def test_what_still_lies_before_a_person_is_renewed_and_nothing_else() -> None:
    mine, others = ExampleFactory(), ExampleFactory()
    me, other = UserFactory(), UserFactory()
    leases.take(mine.pk, user_id=me.pk, now=_NOW)
    leases.take(others.pk, user_id=other.pk, now=_NOW)
    later = _NOW + dt.timedelta(minutes=4)

    renewed = leases.renew([mine.pk, others.pk], user_id=me.pk, now=later)

    assert renewed == 1
    assert Lease.objects.get(example=others).until_at == _NOW + HOLDS_FOR


def test_only_ones_own_is_given_back() -> None:
    example, me = ExampleFactory(), UserFactory()
    leases.take(example.pk, user_id=me.pk, now=_NOW)

    leases.give_back([example.pk], user_id=UserFactory().pk)
    assert Lease.objects.exists()

    leases.give_back([example.pk], user_id=me.pk)
    assert not Lease.objects.exists()


def test_holds_that_ended_long_ago_are_forgotten() -> None:
    me = UserFactory()
    leases.take(ExampleFactory().pk, user_id=me.pk, now=_NOW)
    leases.take(ExampleFactory().pk, user_id=me.pk, now=_NOW + dt.timedelta(days=1))

    assert leases.forget(now=_NOW + dt.timedelta(days=1, hours=1)) == 1
    assert Lease.objects.count() == 1
