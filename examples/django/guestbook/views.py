"""The page, and the health endpoint."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from guestbook.models import Entry


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Show the entries and count the visit; or take a new entry."""
    if request.method == "POST":
        Entry.objects.create(name=request.POST.get("name", "")[:80], text=request.POST.get("text", ""))
        return redirect("index")
    visits = request.session["visits"] = request.session.get("visits", 0) + 1
    return render(request, "guestbook/index.html", {"entries": Entry.objects.all()[:50], "visits": visits})


@require_safe
def health(_: HttpRequest) -> JsonResponse:
    """Answer with the number of entries, which asks the database."""
    return JsonResponse({"status": "healthy", "entries": Entry.objects.count()})
