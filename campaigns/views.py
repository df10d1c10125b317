"""The pages of campaigns and Canvases: lists, the steps of a draft, its summary."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from campaigns.alternatives import Alternatives
from campaigns.audience_step import AudienceStep
from campaigns.channels.base import CHANNELS, channel_choices
from campaigns.editing import save_draft, switch_archived
from campaigns.entries import ENTRY_FORMS, entry_sentence
from campaigns.forms import CampaignForm, CanvasForm
from campaigns.listing import CampaignFilterSet, CanvasFilterSet, TargetedFilterSet
from campaigns.models import Campaign, Canvas, EntryType, Targeted
from campaigns.targeting import numbers_of
from segments.builder.measuring import Question
from workspaces.access import WorkspaceRequest, workspace_page
from workspaces.models import Role

PER_PAGE = 25

editing_page = workspace_page(reads=Role.MARKETER, writes=Role.MARKETER)


@workspace_page()
def campaign_list(request: WorkspaceRequest) -> HttpResponse:
    known = Campaign.objects.in_workspace(request.workspace).select_related("updated_by")
    filters = CampaignFilterSet(request.GET, known.prefetch_related("segments"))
    return _list(request, "campaigns/campaign_list.html", filters)


@workspace_page()
def canvas_list(request: WorkspaceRequest) -> HttpResponse:
    known = Canvas.objects.in_workspace(request.workspace).select_related("updated_by")
    filters = CanvasFilterSet(request.GET, known.prefetch_related("segments"))
    return _list(request, "campaigns/canvas_list.html", filters)


def _list(request: WorkspaceRequest, template: str, filters: TargetedFilterSet) -> HttpResponse:
    page = Paginator(filters.qs, PER_PAGE).get_page(request.GET.get("page"))
    numbers = numbers_of(request.workspace, page)
    for targeted in page:
        targeted.workspace = request.workspace
        targeted.numbers = numbers.get(targeted.pk)
    waiting = any(each is not None and not each.exact for each in numbers.values())
    context = {"page": page, "filters": filters, "waiting": waiting}
    return render(request, template + ("#results" if request.htmx else ""), context)


@editing_page
def campaign_edit(request: WorkspaceRequest, pk: UUID | None = None) -> HttpResponse:
    campaign = _get(request, Campaign, pk) if pk else Campaign(workspace=request.workspace)
    if campaign.archived_at:
        return _refuse_archived(request, campaign)
    data, was = request.POST or None, campaign.name
    message = Alternatives(
        {key: channel.form for key, channel in CHANNELS.items()},
        labels=channel_choices(),
        chosen=request.POST.get("channel", campaign.channel),
        stored=campaign.message,
        data=data,
    )
    form = CampaignForm(data, instance=campaign)
    # Both are judged, so that all errors show at once.
    if all([form.is_valid(), message.is_valid()]):
        campaign.message = message.cleaned
        return _saved(request, campaign)
    context = {"targeted": campaign, "was": was, "form": form, "message": message}
    return render(request, "campaigns/campaign_edit.html", context)


@editing_page
def canvas_edit(request: WorkspaceRequest, pk: UUID | None = None) -> HttpResponse:
    canvas = _get(request, Canvas, pk) if pk else Canvas(workspace=request.workspace)
    if canvas.archived_at:
        return _refuse_archived(request, canvas)
    data, was = request.POST or None, canvas.name
    entry = Alternatives(
        ENTRY_FORMS,
        labels=EntryType.choices,
        chosen=request.POST.get("entry_type", canvas.entry.get("type", EntryType.SCHEDULED)),
        stored=canvas.entry,
        data=data,
    )
    form = CanvasForm(data, instance=canvas)
    if all([form.is_valid(), entry.is_valid()]):
        canvas.entry = {"type": entry.chosen, **entry.cleaned}
        return _saved(request, canvas)
    context = {"targeted": canvas, "was": was, "form": form, "entry": entry}
    return render(request, "campaigns/canvas_edit.html", context)


def _saved(request: WorkspaceRequest, draft: Targeted) -> HttpResponse:
    save_draft(draft, by=request.user)
    messages.success(request, _("The draft “%(name)s” is saved.") % {"name": draft})
    return redirect(draft if request.POST.get("then") == "summary" else draft.audience_url)


@editing_page
def campaign_audience(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    return _audience(request, _get(request, Campaign, pk), "campaigns/campaign_audience.html")


@editing_page
def canvas_audience(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    return _audience(request, _get(request, Canvas, pk), "campaigns/canvas_audience.html")


def _audience(request: WorkspaceRequest, targeted: Targeted, template: str) -> HttpResponse:
    """The Target Audiences step: show it, answer its buttons and its every change, or save it."""
    if targeted.archived_at:
        return _refuse_archived(request, targeted)
    action = request.POST.get("action", "")
    question = Question.of(request)
    step = AudienceStep(targeted, data=request.POST or None, action=action, question=question)
    previewed = bool(request.htmx) and not step.acted
    if not step.acted and not previewed and step.is_valid():
        step.save(by=request.user)
        messages.success(request, _("The audience of “%(name)s” is saved.") % {"name": targeted})
        return redirect(targeted)
    step.measure()
    part = "#numbers" if previewed else "#audience" if request.htmx else ""
    return render(request, f"{template}{part}", {"targeted": targeted, "step": step})


@workspace_page()
def campaign_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    campaign = _get(request, Campaign, pk)
    context = {
        "targeted": campaign,
        "step": _measured(request, campaign),
        "rows": campaign.via.form.rows(campaign.message),
        "missing": campaign.via.form.missing(campaign.message),
    }
    return render(request, "campaigns/campaign.html", context)


@workspace_page()
def canvas_detail(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    canvas = _get(request, Canvas, pk)
    words = entry_sentence(canvas.entry)
    context = {"targeted": canvas, "step": _measured(request, canvas), "entry_sentence": words}
    return render(request, "campaigns/canvas.html", context)


def _measured(request: WorkspaceRequest, targeted: Targeted) -> AudienceStep:
    step = AudienceStep(targeted, data=None, question=Question.of(request))
    step.measure()
    return step


@editing_page
def campaign_archive(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    return _archive(request, _get(request, Campaign, pk))


@editing_page
def canvas_archive(request: WorkspaceRequest, pk: UUID) -> HttpResponse:
    return _archive(request, _get(request, Canvas, pk))


def _archive(request: WorkspaceRequest, targeted: Targeted) -> HttpResponse:
    if request.method != "POST":
        return render(request, "campaigns/archive.html", {"targeted": targeted})
    done = (
        _("“%(name)s” is back as a draft.")
        if targeted.archived_at
        else _("“%(name)s” is archived.")
    )
    switch_archived(targeted, by=request.user)
    messages.success(request, done % {"name": targeted})
    return redirect(targeted)


def _get[T: Targeted](request: WorkspaceRequest, model: type[T], pk: UUID) -> T:
    known = cast(QuerySet[T], model._default_manager.filter(workspace=request.workspace))
    targeted = get_object_or_404(known.select_related("created_by", "updated_by"), pk=pk)
    targeted.workspace = request.workspace
    return targeted


def _refuse_archived(request: WorkspaceRequest, targeted: Targeted) -> HttpResponse:
    messages.warning(request, _("It is archived: unarchive it to edit it."))
    return redirect(targeted)
