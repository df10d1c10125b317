"""What every page shows around its content: navigation, theme, the workspaces to switch to."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from workspaces.models import Role

THEMES = (("light", _("Light")), ("dark", _("Dark")), ("auto", _("Same as the device")))
THEME_SECONDS = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class Item:
    """A page in the navigation, shown to members whose role reaches ``role``."""

    label: Any
    url_name: str
    icon: str
    role: Role = Role.ANALYST


NAVIGATION: tuple[tuple[Any, tuple[Item, ...]], ...] = (
    ("", (Item(_("Overview"), "workspace", "home"),)),
    (
        _("Audience"),
        (
            Item(_("Segments"), "segment-list", "chart-pie"),
            Item(_("Search Users"), "user-search", "user-search"),
            Item(_("Subscription groups"), "group-list", "mail-opened"),
        ),
    ),
    (
        _("Messaging"),
        (
            Item(_("Campaigns"), "campaign-list", "speakerphone"),
            Item(_("Canvas"), "canvas-list", "sitemap"),
        ),
    ),
    (
        _("Partner Integrations"),
        (
            Item(_("Technology Partners"), "partner-list", "plug-connected"),
            Item(_("Data Export"), "connector-list", "database-export"),
        ),
    ),
    (
        _("Settings"),
        (
            Item(_("Workspace"), "workspace-settings", "settings"),
            Item(_("Team"), "team", "users"),
            Item(_("API Keys"), "api-key-list", "key", Role.ADMIN),
            Item(_("Limits"), "limits", "gauge", Role.ADMIN),
            Item(_("Audit log"), "audit-log", "list-search", Role.ADMIN),
        ),
    ),
)


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor of the page shell. Asks the database nothing: see ``workspace_page``."""
    member = getattr(request, "member", None)
    return {
        "theme": theme(request),
        "themes": THEMES,
        "languages": settings.LANGUAGES,
        "workspace": getattr(request, "workspace", None),
        "member": member,
        "may_edit": bool(member and member.may(Role.MARKETER)),
        "may_administer": bool(member and member.may(Role.ADMIN)),
        "memberships": getattr(request, "memberships", []),
        "navigation": SimpleLazyObject(lambda: navigation(request)) if member else [],
    }


def theme(request: HttpRequest) -> str:
    """Return the theme that was picked: "light", "dark" or "auto"."""
    picked = request.COOKIES.get("theme")
    return picked if picked in dict(THEMES) else "auto"


def navigation(request: Any) -> list[dict[str, Any]]:
    """Return the sections of the navigation with the pages that the member may open."""
    slug = request.workspace.slug
    return [
        {
            "label": label,
            "links": [
                _link(item, reverse(item.url_name, args=[slug]), request.path)
                for item in items
                if request.member.may(item.role)
            ],
        }
        for label, items in NAVIGATION
    ]


def _link(item: Item, url: str, path: str) -> dict[str, Any]:
    return {
        "label": item.label,
        "icon": item.icon,
        "url": url,
        "here": path == url,
        "within": path.startswith(url) and item.url_name != "workspace",
    }


class AppearanceForm(forms.Form):
    theme = forms.ChoiceField(choices=THEMES)


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keep the theme that was picked in a cookie and go back to the page."""
    back = request.POST.get("next", "")
    allowed = {request.get_host()}
    if not url_has_allowed_host_and_scheme(back, allowed, require_https=request.is_secure()):
        back = reverse("home")
    response = redirect(back)
    form = AppearanceForm(request.POST)
    if form.is_valid():
        response.set_cookie(
            "theme",
            form.cleaned_data["theme"],
            max_age=THEME_SECONDS,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
