"""Pages."""

from typing import Any

from django.http import HttpResponse


def campaign_list(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("campaign_list")


def campaign_edit(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("campaign_edit")


def campaign_detail(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("campaign_detail")


def campaign_audience(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("campaign_audience")


def campaign_archive(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("campaign_archive")


def canvas_list(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("canvas_list")


def canvas_edit(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("canvas_edit")


def canvas_detail(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("canvas_detail")


def canvas_audience(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("canvas_audience")


def canvas_archive(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse("canvas_archive")
