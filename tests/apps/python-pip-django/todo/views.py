import json

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.templatetags.static import static
from django.views.decorators.http import require_http_methods

from todo.models import Item


def health(_request):
    return JsonResponse({"status": "ok"})


@require_http_methods(["GET", "POST"])
def items(request):
    if request.method == "POST":
        item = Item.objects.create(title=json.loads(request.body)["title"])
        return JsonResponse({"id": item.id, "title": item.title}, status=201)
    return JsonResponse({"items": list(Item.objects.values("id", "title")[: settings.PAGE_SIZE])})


def where_is_css(_request):
    return HttpResponse(static("todo/style.css"))
