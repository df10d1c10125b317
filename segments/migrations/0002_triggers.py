from django.db import migrations

TRIGGERS = """
create trigger mark_changed before update on segments_userlistmember
    for each row execute function mark_changed();
create trigger leave_trace after delete on segments_userlistmember
    referencing old table as gone for each statement execute function trace_deleted_rows();
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0001_initial"), ("profiles", "0002_triggers")]

    operations = [migrations.RunSQL(TRIGGERS)]
