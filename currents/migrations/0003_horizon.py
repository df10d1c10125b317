from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("currents", "0002_delivery_error_words")]

    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("horizon.sql").read_text(), "drop function currents_horizon()"
        ),
    ]
