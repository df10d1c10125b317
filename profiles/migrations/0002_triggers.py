from pathlib import Path

from django.db import migrations

BACKWARDS = """
drop trigger remember_deleted on profiles_profile;
drop function remember_deleted_profiles;
drop trigger mark_changed on profiles_profile;
drop trigger mark_changed on profiles_alias;
drop trigger mark_changed on profiles_device;
drop function mark_changed;
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0001_initial")]

    operations = [
        migrations.RunSQL(Path(__file__).with_name("triggers.sql").read_text(), BACKWARDS)
    ]
