from django.db import migrations

TRIGGERS = """
create trigger mark_changed before update on cohorts_cohortmembership
    for each row execute function mark_changed();
create trigger leave_trace after delete on cohorts_cohortmembership
    referencing old table as gone for each statement execute function trace_deleted_rows();
"""


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0001_initial"), ("profiles", "0002_triggers")]

    operations = [migrations.RunSQL(TRIGGERS)]
