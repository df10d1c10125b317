"""What every page shows around its content: navigation, theme, the workspaces to switch to."""

from typing import Any

from django.http import HttpRequest, HttpResponse


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor of the page shell."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "theme": theme if theme in {"light", "dark"} else "auto",
        "workspace": getattr(request, "workspace", None),
        "member": getattr(request, "member", None),
    }


def appearance(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
