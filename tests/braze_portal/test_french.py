"""The French portal: complete, typeset as French is, and shown to whoever asks for it."""

import re
from collections import Counter
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.template.defaultfilters import date as date_in_words
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from braze_portal import catalogue
from cohorts.segment_filters import CohortFilter
from segments.trees.tree import Group, Tree
from tests.braze_portal.test_pages import PAGES, READABLE, THINGS, Outline
from tests.conftest import signed_in
from tests.worlds.factories import CohortFactory, CohortImportFactory, SegmentFactory, import_key
from workspaces import audit
from workspaces.models import Member, Workspace

FRENCH = [
    (message, source, form)
    for message in catalogue.texts(catalogue.read("fr"))
    for source, form in zip(
        catalogue.forms(message.id), catalogue.forms(message.string), strict=True
    )
]
#: Where French puts a space that must not break, and what it does not use at all.
SLIPS = re.compile(r"(?<!\u00a0)[;?!»](?!\w)| :|«(?!\u00a0)|['\"“”]|(?<!\u00a0)%%|  ")
#: Markup, addresses and code are not prose.
NOT_PROSE = re.compile(r"<[^>]*>|https?://|\{\"[^}]*\}|%\(\w+\)[sd]")


def placeholders(text: str) -> Counter[str]:
    return Counter(re.findall(r"%\(\w+\)[sd]|%[sd%]|(?<![\w\"])\{\w*\}|</?\w[^>]*>", text))


class Texts(HTMLParser):
    """The texts that a page shows. What stands in ``code`` is a name, in no language."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["code"]:
            self.found.add(" ".join(data.split()))

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self.open.pop()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "code":
            self.open.append(tag)
        self.found |= {value for name, value in attrs if value and name in ("aria-label", "title")}


#: What is written differently in French, and holds no place for anything else. The language
#: switch names each language in its own words.
ENGLISH = {source for _message, source, form in FRENCH if source != form and "%" not in source} - {
    "English"
}


def url_of(name: str, workspace: Workspace) -> str:
    things = THINGS[name](workspace) if PAGES[name] else {}
    return reverse(name, kwargs={"workspace": workspace.slug, **things})


@pytest.fixture
def french_client(admin: Member) -> Client:
    client = signed_in(admin)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    return client


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_the_catalogue_is_complete() -> None:
    call_command("catalogue", check=True)


def test_no_translation_drops_or_invents_a_placeholder() -> None:
    wrong = [
        source for _message, source, form in FRENCH if placeholders(source) != placeholders(form)
    ]
    assert wrong == []


def test_french_is_typeset_as_french() -> None:
    slips = [form for _message, _source, form in FRENCH if SLIPS.search(NOT_PROSE.sub("x", form))]
    assert slips == []


def test_it_comes_in_as_many_plurals_as_french_has() -> None:
    plurals = {
        len(catalogue.forms(message.string))
        for message, _source, _form in FRENCH
        if message.pluralizable
    }
    assert plurals == {2}
    assert catalogue.read("fr").plural_expr == "(n > 1)"


@pytest.mark.parametrize("name", READABLE)
def test_every_page_is_french_for_who_asks(
    name: str, french_client: Client, workspace: Workspace
) -> None:
    response = french_client.get(url_of(name, workspace))
    shown = b"".join(response).decode()
    response.close()
    assert Texts(shown).found & ENGLISH == set()
    if response.headers["Content-Type"].startswith("text/html"):
        assert Outline(shown).language == "fr"


def test_the_navigation_is_named_as_braze_names_it(french_client: Client, workspace: Any) -> None:
    shown = Texts(page(french_client, workspace.get_absolute_url())).found
    assert shown >= {
        "Audience",
        "Segments",
        "Rechercher des utilisateurs",
        "Messagerie",
        "Campagnes",
        "Canvas",
        "Intégrations partenaires",
        "Partenaires technologiques",
        "Paramètres",
    }


def test_the_page_of_a_partner_is_labelled_as_braze_labels_it(
    french_client: Client, workspace: Workspace
) -> None:
    import_key(workspace)
    shown = Texts(page(french_client, url_of("partner", workspace))).found
    assert shown >= {
        "Clé d’importation des données",
        "Générer une nouvelle clé",
        "Endpoint REST",
        "Registre des synchronisations",
    }


def test_the_audience_step_is_labelled_as_braze_labels_it(
    french_client: Client, workspace: Workspace
) -> None:
    shown = Texts(page(french_client, url_of("campaign-audience", workspace))).found
    assert shown >= {
        "Audiences cibles",
        "Cibler les utilisateurs par segment",
        "Filtres supplémentaires",
        "Résumé de l’audience",
        "Total des utilisateurs accessibles",
    }


def cohort_tree(workspace: Workspace, join: str = "includes_any") -> Tree:
    cohort = CohortFactory(workspace=workspace, name="Essais abandonnés")
    return Tree((Group((CohortFilter("heap", join, (str(cohort.pk),)),)),))


@pytest.mark.parametrize(
    ("operator", "sentence"),
    [
        ("includes_any", "Cohortes Heap inclut Essais abandonnés"),
        ("includes_none", "Cohortes Heap n’inclut pas Essais abandonnés"),
    ],
)
def test_a_segment_is_said_in_french(
    operator: str, sentence: str, french_client: Client, workspace: Workspace
) -> None:
    segment = SegmentFactory(workspace=workspace, tree=cohort_tree(workspace, operator).dump())
    shown = Texts(page(french_client, segment.get_absolute_url())).found
    assert shown >= {sentence, f"Tous les utilisateurs pour lesquels {sentence}."}


def test_numbers_and_dates_are_written_the_french_way(
    french_client: Client, workspace: Workspace
) -> None:
    call = CohortImportFactory(workspace=workspace, asked=1234, added=1234)
    shown = page(french_client, reverse("cohort-import", args=[workspace.slug, "heap", call.pk]))
    assert '<td class="text-end">1\u00a0234</td>' in shown
    with translation.override("fr"), timezone.override(workspace.time_zone):
        assert date_in_words(call.received_at, "j F Y H:i") in shown


def test_the_audit_log_tells_actions_in_french(french_client: Client, workspace: Workspace) -> None:
    audit.record(workspace, None, "Revealed Data Import Key", "Main", partner="Heap")
    audit.record(workspace, None, "Added Member", "ann@example.com", role="analyst")
    audit.record(workspace, None, "Edited Campaign", "Welcome", step="Target Audiences")
    shown = Texts(page(french_client, url_of("audit-log", workspace))).found
    assert shown >= {"Clé d’importation des données affichée", "une commande", "partenaire", "Heap"}
    assert shown >= {"Membre ajouté", "rôle", "Analyste"}
    assert shown >= {"Campagne modifiée", "étape", "Audiences cibles"}


@pytest.mark.parametrize(
    ("header", "language"), [("fr-CA,en;q=0.5", "fr"), ("en-GB,fr;q=0.5", "en"), ("de", "en")]
)
def test_the_browser_is_asked_for_the_language(
    header: str, language: str, client: Client, db: None
) -> None:
    response = client.get(reverse("sign-in"), headers={"accept-language": header})
    assert Outline(response.content.decode()).language == language


def test_the_language_switch_wins_over_the_browser(client: Client, db: None) -> None:
    for picked in ("fr", "en"):
        client.post(reverse("set_language"), {"language": picked, "next": reverse("sign-in")})
        shown = client.get(reverse("sign-in"), headers={"accept-language": "de"})
        assert Outline(shown.content.decode()).language == picked


# The catalogue command.

TEMPLATE = """\
{% load i18n %}<p>
      {# Translators: seen on the door #}
   {% translate "Come in" %}
  <b>{% trans "Open" context "of a door" %}</b>
{% blocktranslate trimmed count counter=n %}
    {{ counter }} guest
  {% plural %}
    {{ counter }} guests{% endblocktranslate %}
{% blocktranslate asvar hi context "a greeting" %}Hello {{ name }}, 100%{% endblocktranslate %}
{% firstof nobody _("Nobody") %} {{ nobody|default:_("Somebody") }}
"""


def test_templates_give_their_texts_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "door.html"
    path.write_text(TEMPLATE)
    assert list(catalogue.texts_in(path)) == [
        ("Come in", ["Translators: seen on the door"], None),
        ("Open", [], "of a door"),
        (("%(counter)s guest", "%(counter)s guests"), [], None),
        ("Hello %(name)s, 100%%", [], "a greeting"),
        ("Nobody", [], None),
        ("Somebody", [], None),
    ]


CODE = """\
TITLE = gettext_noop("A title")
LABEL = pgettext_lazy("a state", "is")
# Translators: how many came
MANY = npgettext_lazy("at the door", "one guest", "%(n)d guests")
"""


def test_code_gives_its_texts_in_every_form(tmp_path: Path) -> None:
    path = tmp_path / "door.py"
    path.write_text(CODE)
    assert list(catalogue.texts_in(path)) == [
        ("A title", [], None),
        ("is", [], "a state"),
        (("one guest", "%(n)d guests"), ["Translators: how many came"], "at the door"),
    ]


KEPT = """\
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

# Braze says so too.
msgid "Save"
msgstr "Garder"

#, fuzzy
msgid "Cancel"
msgstr "Laisser"

msgid "Throw away"
msgstr "Jeter"
"""


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Path:
    """A catalogue that has not been looked after."""
    settings.LOCALE_PATHS = [tmp_path]
    path = catalogue.file_of("fr")
    path.parent.mkdir(parents=True)
    path.write_text(KEPT)
    return path


def test_updating_keeps_what_is_shown_and_drops_what_is_gone(kept: Path) -> None:
    call_command("catalogue", stdout=StringIO())
    found = catalogue.read("fr")
    assert found["Save"].string == "Garder"
    assert found["Save"].user_comments == ["Braze says so too."]
    assert found["Sign in"].string == ""
    assert "Throw away" not in kept.read_text()


def test_updating_twice_changes_nothing(kept: Path) -> None:
    catalogue.update("fr")
    written = kept.read_text()
    catalogue.update("fr")
    assert kept.read_text() == written


def test_the_check_names_what_is_missing_fuzzy_or_stale(kept: Path) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("catalogue", check=True)
    named = str(refusal.value).splitlines()
    assert kept.read_text() == KEPT
    assert {"missing: 'Sign in'", "missing: 'is' (as 'a state')"} <= set(named)
    assert [line for line in named if not line.startswith("missing")] == [
        "fr:",
        "fuzzy: 'Cancel'",
        "stale: 'Throw away'",
    ]
