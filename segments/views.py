"""Pages."""

from typing import Any

from django.http import HttpResponse


def segment_list(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("segment_list")


def segment_edit(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("segment_edit")


def segment_detail(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("segment_detail")


def segment_duplicate(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("segment_duplicate")


def segment_archive(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("segment_archive")


def user_search(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("user_search")
