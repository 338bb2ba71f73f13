"""The app, as Django knows it."""

from django.apps import AppConfig


class GuestbookConfig(AppConfig):
    """Registers the checks when Django starts."""

    name = "guestbook"

    def ready(self) -> None:
        from guestbook import checks  # noqa: F401, PLC0415
