"""Other apps' models in our theme: under the plain classes their inputs would be invisible."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django_q import admin as plain
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

for _model in (User, Group, Schedule, Success, Failure, OrmQ):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(PlainUserAdmin, ModelAdmin):
    """Staff."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, ModelAdmin):
    """Sets of permissions."""


@admin.register(Schedule)
class ScheduleAdmin(plain.ScheduleAdmin, ModelAdmin):
    """What happens by the clock."""


@admin.register(Success)
class SuccessAdmin(plain.TaskAdmin, ModelAdmin):
    """Messages that were delivered."""


@admin.register(Failure)
class FailureAdmin(plain.FailAdmin, ModelAdmin):
    """Messages whose task raised."""


@admin.register(OrmQ)
class QueueAdmin(plain.QueueAdmin, ModelAdmin):
    """Messages that wait."""
