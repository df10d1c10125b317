from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "braze_portal"
