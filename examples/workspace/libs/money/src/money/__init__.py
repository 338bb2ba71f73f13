"""Amounts of money, in cents."""


def shown(cents: int) -> str:
    """Give an amount as people write it: 1234 is `12.34`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
