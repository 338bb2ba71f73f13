"""Tests of the page, through Django's own client."""

from django.test import TestCase

from guestbook.models import Entry


class GuestbookTest(TestCase):
    """A guest comes, writes, and comes again."""

    def test_an_entry_is_shown(self) -> None:
        self.client.post("/", {"name": "Ada", "text": "Hello"})
        self.assertContains(self.client.get("/"), "Ada: Hello")

    def test_visits_are_counted_for_each_visitor(self) -> None:
        self.assertContains(self.client.get("/"), "visit 1")
        self.assertContains(self.client.get("/"), "visit 2")
        self.assertContains(self.client_class().get("/"), "visit 1")

    def test_health_asks_the_database(self) -> None:
        Entry.objects.create(name="Ada", text="Hello")
        self.assertEqual(self.client.get("/health").json(), {"status": "healthy", "entries": 1})
