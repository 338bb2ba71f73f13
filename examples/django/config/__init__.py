"""How the project is put together: settings, addresses, the WSGI entry."""
