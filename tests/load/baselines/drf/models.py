from django.db import models


class Branch(models.Model):
    id = models.UUIDField(primary_key=True)
    code = models.TextField()
    name = models.TextField()

    class Meta:
        app_label = "drf"
        db_table = "branch"
        managed = False


class Notice(models.Model):
    id = models.UUIDField(primary_key=True)
    branch = models.ForeignKey(Branch, on_delete=models.CASCADE)
    title = models.TextField()
    summary = models.TextField()
    category = models.TextField()
    priority = models.TextField()
    requires_ack = models.BooleanField()
    state = models.TextField()
    revision = models.IntegerField()
    published_at = models.DateTimeField()
    activity = models.JSONField(null=True)

    class Meta:
        app_label = "drf"
        db_table = "notice"
        managed = False
