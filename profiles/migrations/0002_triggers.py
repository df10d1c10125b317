from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("profiles", "0001_initial")]

    operations = [
        migrations.RunSQL(Path(__file__).with_name(name).read_text())
        for name in ("triggers.sql", "event_totals.sql")
    ]
