"""Partner Integrations > Technology Partners: the grid, a partner's page, its keys and calls."""

import csv
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django_htmx.http import HttpResponseClientRedirect

from cohorts import clearing, keys, ledger, receipts, rotation
from cohorts.forms import InvalidateForm, KeyForm
from cohorts.health import partner_health
from cohorts.listing import LedgerFilterSet
from cohorts.models import Cohort, CohortImport, DataImportKey, LedgerDay, Partner
from lib.bounded_pages import BoundedPaginator
from lib.request_addresses import rest_endpoint
from workspaces import audit
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

CALLS_PER_PAGE = 25
COHORTS_PER_PAGE = 25
COHORTS_SHOWN = 6
DAYS_PER_PAGE = 60
CALLS_SHOWN = 10

admin_page = workspace_page(reads=Role.ADMIN, writes=Role.ADMIN)


@workspace_page()
def partner_list(request: WorkspaceRequest) -> HttpResponse:
    query = request.GET.get("q", "").replace("\0", "").strip()
    partners = Partner.objects.filter(name__icontains=query)
    context = {"query": query, "partners": partner_health(request.workspace, partners)}
    part = "#grid" if request.htmx.target == "grid" else ""
    return render(request, f"cohorts/partner_list.html{part}", context)


@never_cache
@workspace_page()
def partner_detail(request: WorkspaceRequest, partner: str) -> HttpResponse:
    """A partner's keys, endpoint, cohorts and calls; only the moving parts when htmx asks."""
    context = _connection(request, partner)
    moving = request.htmx.target == "ledger"
    if moving and request.headers.get("X-Seen") == context["seen"]:
        return HttpResponse(status=204)
    context |= _ledger(request, context["partner"])
    return render(request, f"cohorts/partner.html{'#moving' if moving else ''}", context)


@never_cache
@admin_page
def key_generate(request: WorkspaceRequest, partner: str) -> HttpResponse:
    owner = get_object_or_404(Partner, slug=partner)
    context: dict[str, Any] = {"partner": owner, "rest_endpoint": rest_endpoint(request)}
    form = KeyForm(_posted(request))
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            key, secret = rotation.add_key(
                request.workspace, owner, name=name, created_by=request.user
            )
        except rotation.NameTaken:
            form.add_error("name", _("A live key has this name already. Choose a different name."))
        else:
            _record(request, "Generated Data Import Key", key)
            context |= {"key": key, "secret": secret}
            return render(request, "cohorts/key_generated.html", context)
    return render(request, "cohorts/key_generate.html", context | {"form": form})


@never_cache
@admin_page
def key_reveal(request: WorkspaceRequest, partner: str, key: int) -> HttpResponse:
    """Show the secret of a live key, in the answer to a POST only, and put that on record."""
    found = _key(request, partner, key)
    if request.method != "POST":
        return redirect("partner", request.workspace.slug, partner)
    if not found.is_live(timezone.now()):
        return _to_partner(request, partner, _("This key has ended."))
    try:
        secret = keys.reveal(found)
    except InvalidToken:
        return _to_partner(
            request,
            partner,
            _("The portal cannot decrypt this key. Ask whoever runs it to check its data keys."),
        )
    _record(request, "Revealed Data Import Key", found)
    shown = {"partner": found.partner, "revealed": found, "secret": secret}
    if request.htmx:
        return render(request, "cohorts/parts/secret.html", shown | {"key": found})
    context = _connection(request, partner) | _ledger(request, found.partner) | shown
    return render(request, "cohorts/partner.html", context)


@never_cache
@admin_page
def key_invalidate(request: WorkspaceRequest, partner: str, key: int) -> HttpResponse:
    """Say what will break, then end a key: at once, later, or not after all."""
    found = _key(request, partner, key)
    if not found.is_live(timezone.now()):
        return _to_partner(request, partner, _("This key has ended."))
    form = InvalidateForm(_posted(request), key=found)
    if form.is_valid():
        if not form.save():
            messages.error(
                request,
                _("Somebody else has just changed this key. Check its state, then try again."),
            )
            return redirect(request.path)
        kept = not found.invalidated_at and not found.expires_at
        ends = found.invalidated_at or found.expires_at
        action = "Kept Data Import Key" if kept else "Invalidated Data Import Key"
        _record(request, action, found, ends=ends.isoformat() if ends else None)
        return redirect("partner", request.workspace.slug, partner)
    siblings = DataImportKey.objects.in_workspace(request.workspace).filter(partner=found.partner)
    others = siblings.live().exclude(pk=found.pk)
    context = {"partner": found.partner, "key": found, "form": form, "others": others}
    return render(request, "cohorts/key_invalidate.html", context)


@workspace_page()
def import_detail(request: WorkspaceRequest, partner: str, pk: int) -> HttpResponse:
    call = _call(request, partner, pk)
    context = {
        "partner": call.partner,
        "call": call,
        "shares": receipts.shares(call),
        "unmatched": receipts.unmatched_by_kind(call),
    }
    return render(request, "cohorts/import.html", context)


@workspace_page()
def import_unmatched(request: WorkspaceRequest, partner: str, pk: int) -> HttpResponse:
    call = _call(request, partner, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{partner}-{pk}-unmatched.csv"'
    csv.writer(response).writerows(receipts.unmatched_rows(call))
    return response


@workspace_page()
def ledger_days(request: WorkspaceRequest, partner: str) -> HttpResponse:
    """Show what the calls of each day came to, of days whose lines are gone."""
    owner = get_object_or_404(Partner, slug=partner)
    days = LedgerDay.objects.in_workspace(request.workspace).filter(partner=owner)
    page = Paginator(days, DAYS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"partner": owner, "page": page, "kept_days": ledger.KEPT.days}
    return render(request, "cohorts/ledger_days.html", context)


@workspace_page()
def cohort_list(request: WorkspaceRequest, partner: str) -> HttpResponse:
    owner = get_object_or_404(Partner, slug=partner)
    query = request.GET.get("q", "").replace("\0", "").strip()
    cohorts = _cohorts(request, partner).filter(name__icontains=query)
    page = Paginator(cohorts, COHORTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"partner": owner, "query": query, "page": page}
    return render(request, "cohorts/cohort_list.html", context)


@workspace_page()
def cohort_detail(request: WorkspaceRequest, partner: str, pk: int) -> HttpResponse:
    cohort = get_object_or_404(_cohorts(request, partner).select_related("partner"), pk=pk)
    calls = cohort.imports.select_related("cohort", "key")[:CALLS_SHOWN]
    context = {"partner": cohort.partner, "cohort": cohort, "calls": calls}
    return render(request, "cohorts/cohort.html", context)


@admin_page
def cohort_clear(request: WorkspaceRequest, partner: str, pk: int) -> HttpResponse:
    cohort = get_object_or_404(_cohorts(request, partner).select_related("partner"), pk=pk)
    if request.method != "POST":
        context = {"partner": cohort.partner, "cohort": cohort}
        return render(request, "cohorts/cohort_clear.html", context)
    left = clearing.clear(cohort, by=request.user)
    if left is not None:
        text = ngettext(
            "%(count)d person left the cohort.", "%(count)d people left the cohort.", left
        )
        messages.success(request, text % {"count": left})
    return redirect("cohort", request.workspace.slug, partner, pk)


def _connection(request: WorkspaceRequest, partner: str) -> dict[str, Any]:
    """What the page says of the keys, and ``seen``: a mark that changes when a call comes in."""
    found = partner_health(request.workspace, Partner.objects.filter(slug=partner))
    if not found:
        raise Http404
    health = found[0]
    rows = rotation.key_rows(request.workspace, health.partner, timezone.now())
    live = [row.key for row in rows if row.live]
    used = max((row.key.last_used_at for row in rows if row.key.last_used_at), default=None)
    return {
        "partner": health.partner,
        "health": health,
        "keys": rows,
        "current": next((row for row in rows if row.live), None),
        "step": rotation.next_step(live),
        "rest_endpoint": rest_endpoint(request),
        # Once a minute all the same: the page says how long ago things were.
        "seen": f"{health.last_sync_at}/{health.refused}/{used}/{timezone.now():%H:%M}",
    }


def _ledger(request: WorkspaceRequest, partner: Partner) -> dict[str, Any]:
    found = LedgerFilterSet(request.GET, workspace=request.workspace, partner=partner)
    cohorts = _cohorts(request, partner.slug)
    return {
        "ledger": found,
        "page": BoundedPaginator(found.qs, CALLS_PER_PAGE).get_page(request.GET.get("page")),
        "cohorts": cohorts[:COHORTS_SHOWN],
        "cohort_count": cohorts.count(),
    }


def _key(request: WorkspaceRequest, partner: str, pk: int) -> DataImportKey:
    found = DataImportKey.objects.in_workspace(request.workspace).select_related("partner")
    return get_object_or_404(found, partner__slug=partner, pk=pk)


def _call(request: WorkspaceRequest, partner: str, pk: int) -> CohortImport:
    found = CohortImport.objects.in_workspace(request.workspace)
    return get_object_or_404(
        found.select_related("partner", "cohort", "key"), partner__slug=partner, pk=pk
    )


def _cohorts(request: WorkspaceRequest, partner: str) -> QuerySet[Cohort]:
    found = Cohort.objects.in_workspace(request.workspace).filter(partner__slug=partner)
    return found.with_size().order_by(F("last_sync_at").desc(nulls_last=True), "name", "pk")


def _record(request: WorkspaceRequest, action: str, key: DataImportKey, **detail: Any) -> None:
    detail |= {"partner": key.partner.name}
    audit.record(request.workspace, request.user, action, key.name, **detail)


def _to_partner(request: WorkspaceRequest, partner: str, error: str) -> HttpResponse:
    messages.error(request, error)
    url = reverse("partner", args=[request.workspace.slug, partner])
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _posted(request: WorkspaceRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None
