"""A guestbook: entries, and how often a visitor was here."""
