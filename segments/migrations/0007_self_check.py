import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Bitmaps say of which filter they are. Those stored so far do not: all are dropped."""

    dependencies = [("workspaces", "0001_initial"), ("segments", "0006_database_life")]

    operations = [
        migrations.RunSQL("truncate segments_leafbitmap", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="leafbitmap",
            name="leaf",
            field=models.JSONField(),
        ),
        migrations.CreateModel(
            name="WrongBitmap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                ("found_at", models.DateTimeField(auto_now_add=True)),
                ("stored", models.PositiveBigIntegerField()),
                ("true", models.PositiveBigIntegerField()),
                ("missing", models.PositiveBigIntegerField()),
                ("surplus", models.PositiveBigIntegerField()),
                ("asleep", models.PositiveBigIntegerField()),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
    ]
