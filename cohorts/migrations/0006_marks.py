from django.db import migrations, models

TRIGGERS = """
create trigger mark_new before insert on cohorts_cohortmembership
    for each row when (new.changed is distinct from pg_current_xact_id())
    execute function mark_changed();
create trigger trace_moved after update of cohort_id, profile_id on cohorts_cohortmembership
    for each row when ((old.cohort_id, old.profile_id) is distinct from (new.cohort_id, new.profile_id))
    execute function trace_moved_row();
"""


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0005_merged_people"), ("profiles", "0007_marks")]

    operations = [
        migrations.RemoveIndex(model_name="cohortmembership", name="membership_active"),
        migrations.AddIndex(
            model_name="cohortmembership",
            index=models.Index(
                condition=models.Q(("active", True)),
                fields=["cohort"],
                include=("profile",),
                name="membership_active",
            ),
        ),
        migrations.RunSQL(TRIGGERS),
    ]
