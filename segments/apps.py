from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Segments")

    def ready(self) -> None:
        # A room that owns data brings its filters, and a room that targets segments says so.
        autodiscover_modules("segment_filters", "segment_uses")
