from pathlib import Path

from django.db import migrations

HERE = Path(__file__)


class Migration(migrations.Migration):
    dependencies = [("profiles", "0008_address_states")]

    operations = [
        migrations.RunSQL(
            HERE.with_name("since_when.sql").read_text(),
            "drop function subscription_since(text, text, timestamptz, boolean)",
        ),
    ]
