"""The least that storing an answer can be: a view that upserts one row by raw SQL; no session, CSRF or evidence."""

import json

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

TABLE = "CREATE TABLE candor_floor (id text PRIMARY KEY, body text NOT NULL)"
UPSERT = "INSERT INTO candor_floor VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET body = excluded.body"


def ready(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ready": True})


def save(request: HttpRequest, packet: str) -> JsonResponse:
    changes = json.loads(request.body)["changes"]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [packet, json.dumps(changes)])
    return JsonResponse({"saved": True})


urlpatterns = [path("health/ready", ready), path("floor/<str:packet>", save)]
