from django.db import migrations, models


TRIGGER = """
create trigger leave_trace after delete on cohorts_cohortmembership
    referencing old table as gone for each statement execute function trace_deleted_rows();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cohorts', '0003_partners'),
        ('profiles', '0003_audiences'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='cohortmembership',
            index=models.Index(fields=['cohort', 'entered_at'], name='membership_entered'),
        ),
        migrations.AddIndex(
            model_name='cohortmembership',
            index=models.Index(condition=models.Q(('active', False)), fields=['cohort', 'left_at'], name='membership_left'),
        ),
        migrations.RunSQL(TRIGGER),
    ]
