"""Pages."""

from typing import Any

from django.http import HttpResponse


def home(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("home")


def overview(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("overview")


def workspace_settings(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("workspace_settings")


def team(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("team")


def audit_log(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("audit_log")


from django.contrib.auth import views as auth


class SignIn(auth.LoginView): ...


class SignOut(auth.LogoutView): ...


class PasswordChange(auth.PasswordChangeView): ...
