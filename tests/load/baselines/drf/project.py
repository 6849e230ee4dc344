"""Settings, URLs and the ASGI application of a Django project in one file."""

import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import include, path
from sqlalchemy.engine import make_url

_database = make_url(os.environ["DATABASE_URL"])

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["REDIS_URL"]}},
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.database,
            "USER": _database.username,
            "HOST": _database.host,
            "PORT": _database.port,
        }
    },
    INSTALLED_APPS=["rest_framework", "tests.load.baselines.drf"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["tests.load.baselines.drf.authentication.TokenAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF="tests.load.baselines.drf.project",
    SECRET_KEY=os.environ["JWT_SECRET"],
    TIME_ZONE="UTC",
    USE_TZ=True,
)
django.setup()

urlpatterns = [path("v1/", include("tests.load.baselines.drf.urls"))]
app = get_asgi_application()
