from django.urls import path

from todo import views

urlpatterns = [
    path("health/", views.health),
    path("items/", views.items),
    path("where-is-css/", views.where_is_css),
]
