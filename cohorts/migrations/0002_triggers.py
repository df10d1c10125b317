from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0001_initial"), ("profiles", "0002_triggers")]

    operations = [
        migrations.RunSQL(
            "create trigger mark_changed before update on cohorts_cohortmembership "
            "for each row execute function mark_changed()",
            "drop trigger mark_changed on cohorts_cohortmembership",
        )
    ]
