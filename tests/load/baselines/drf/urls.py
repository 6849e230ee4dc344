from django.urls import path

from tests.load.baselines.drf.views import FeedView

urlpatterns = [path("notices", FeedView.as_view())]
