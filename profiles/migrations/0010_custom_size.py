from pathlib import Path

from django.db import migrations

HERE = Path(__file__)


class Migration(migrations.Migration):
    dependencies = [("profiles", "0009_since_when")]

    operations = [
        migrations.RunSQL(
            HERE.with_name("custom_size.sql").read_text(),
            "drop trigger refuse_too_many_attributes on profiles_profile;"
            "drop function refuse_too_many_attributes()",
        ),
    ]
