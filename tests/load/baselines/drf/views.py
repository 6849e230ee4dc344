from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ModelSerializer
from rest_framework.views import APIView

from tests.load.baselines.drf.models import Branch, Notice


class BranchSerializer(ModelSerializer):
    class Meta:
        model = Branch
        fields = ("id", "code", "name")


class NoticeSerializer(ModelSerializer):
    branch = BranchSerializer()

    class Meta:
        model = Notice
        fields = (
            *("id", "branch", "title", "summary", "category", "priority", "requires_ack", "state", "revision"),
            *("published_at", "activity"),
        )


class FeedView(APIView):
    # https://www.django-rest-framework.org/api-guide/caching/
    @method_decorator(cache_page(60 * 60 * 2))
    @method_decorator(vary_on_headers("Authorization"))
    def get(self, request: Request) -> Response:
        notices = (
            Notice.objects.filter(branch__in=request.user.branches)
            .select_related("branch")
            .order_by("-published_at", "-id")[:20]
        )
        return Response({"items": NoticeSerializer(notices, many=True).data, "next_cursor": None})
