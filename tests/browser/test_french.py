"""The main pages in French, by the words that Braze uses."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from braze_portal.demo import Heap
from segments.models import Segment
from tests.browser.steps import heading, pick
from tests.worlds.factories import PASSWORD
from workspaces.models import Member

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Callable[..., Page], admin: Member) -> Page:
    """Signed in, in French by the switch on the sign-in page."""
    page = visit()
    page.goto("/")
    page.get_by_role("button", name="Français").click()
    page.get_by_label("Adresse e-mail").fill(admin.user.email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(heading(page)).to_have_text("Vue d’ensemble")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    return page


def navigate(page: Page, link: str) -> None:
    page.get_by_role("navigation", name="Navigation principale").get_by_role(
        "link", name=link, exact=True
    ).click()


def test_the_partner_page_speaks_french(page: Page, synced_heap: Heap) -> None:
    sections = page.get_by_role("navigation", name="Navigation principale").get_by_role("heading")
    expect(sections).to_have_text(
        ["Audience", "Messagerie", "Intégrations partenaires", "Paramètres"]
    )
    navigate(page, "Partenaires technologiques")
    expect(heading(page)).to_have_text("Partenaires technologiques")
    page.get_by_role("link", name="Heap", exact=True).click()
    key = page.get_by_role("textbox", name="Clé d’importation des données Production")
    expect(key).to_be_visible()
    expect(page.get_by_role("textbox", name="Endpoint REST")).to_be_visible()
    ledger = page.get_by_role("region", name="Registre des synchronisations")
    expect(ledger.get_by_role("row").filter(has_text="Appliqué")).to_have_count(2)
    page.get_by_role("button", name="Afficher").click()
    expect(key).to_have_value(synced_heap.secrets.data_import_key)


def test_the_builder_speaks_french(page: Page, synced_heap: Heap) -> None:
    navigate(page, "Segments")
    page.get_by_role("link", name="Créer un segment").first.click()
    page.get_by_label("Nom").fill("Essais abandonnés")
    pick(page.get_by_role("combobox", name="Ajouter un filtre"), "Cohortes Heap")
    pick(page.get_by_role("combobox", name="Valeur de Cohortes Heap"), "Trial drop-offs")
    expect(page.locator("#segment-size")).to_have_text("40")
    sentence = "Tous les utilisateurs pour lesquels Cohortes Heap inclut Trial drop-offs."
    expect(page.locator("#sentence")).to_have_text(sentence)
    page.get_by_role("button", name="Enregistrer").click()
    expect(heading(page)).to_have_text("Essais abandonnés")


def test_targeting_speaks_french(page: Page, drop_offs_segment: Segment) -> None:
    navigate(page, "Campagnes")
    page.get_by_role("link", name="Créer une campagne").first.click()
    page.get_by_label("Nom", exact=True).fill("Revenez")
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(heading(page)).to_have_text("Audiences cibles")
    chooser = page.get_by_role("region", name="Cibler les utilisateurs par segment")
    pick(chooser.get_by_role("combobox", name="Segments"), drop_offs_segment.name)
    summary = page.get_by_role("region", name="Résumé de l’audience")
    expect(summary.locator("#audience-size")).to_have_text("40")
    expect(summary.get_by_role("heading").filter(has_text="Total")).to_have_text(
        "Total des utilisateurs accessibles"
    )
