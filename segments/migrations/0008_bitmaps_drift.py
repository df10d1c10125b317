from django.db import migrations, models


class Migration(migrations.Migration):
    """A few changes are written beside a bitmap. Those stored so far have no name: all are dropped."""

    dependencies = [("segments", "0007_self_check")]

    operations = [
        migrations.RunSQL("truncate segments_leafbitmap", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="leafbitmap",
            name="whole",
            field=models.UUIDField(),
        ),
        migrations.AddField(
            model_name="leafbitmap",
            name="drift",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="leafbitmap",
            name="restless_drift",
            field=models.BinaryField(null=True),
        ),
        # Rows are small beside their bitmaps, and written often: there is to be room for the next.
        migrations.RunSQL(
            "alter table segments_leafbitmap set (fillfactor = 50)",
            "alter table segments_leafbitmap reset (fillfactor)",
        ),
    ]
