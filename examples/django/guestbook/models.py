"""Tables. A change here needs a migration: `python manage.py makemigrations`."""

from django.db import models


class Entry(models.Model):
    """What a guest wrote."""

    name = models.CharField(max_length=80)
    text = models.TextField()
    written = models.DateTimeField(auto_now_add=True)

    class Meta:
        """The newest entry comes first."""

        ordering = ("-written",)

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"
