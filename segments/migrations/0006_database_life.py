import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """Bitmaps belong to a life of the database. Those stored so far may be wrong: all are dropped."""

    dependencies = [("segments", "0005_marks")]

    operations = [
        migrations.CreateModel(
            name="DatabaseLife",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("token", models.UUIDField(default=uuid.uuid4)),
            ],
        ),
        migrations.RunSQL(
            [
                "alter table segments_databaselife set unlogged",
                "insert into segments_databaselife (id, token) values (1, gen_random_uuid())",
                "truncate segments_leafbitmap",
            ],
            migrations.RunSQL.noop,
        ),
        migrations.RemoveField(model_name="leafbitmap", name="system_identifier"),
        migrations.AddField(
            model_name="leafbitmap",
            name="home",
            field=models.CharField(max_length=64),
        ),
    ]
