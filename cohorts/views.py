"""Pages."""

from typing import Any

from django.http import HttpResponse


def partner_list(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("partner_list")


def partner_detail(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("partner_detail")


def key_generate(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("key_generate")


def key_reveal(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("key_reveal")


def key_invalidate(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("key_invalidate")


def import_detail(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("import_detail")
