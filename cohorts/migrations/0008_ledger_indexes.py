import django.contrib.postgres.indexes
import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # A ledger may have millions of lines, and partners go on calling meanwhile.
    atomic = False

    dependencies = [("cohorts", "0007_ledger_days")]

    operations = [
        AddIndexConcurrently(
            model_name='cohortimport',
            index=models.Index(fields=['workspace', '-received_at'], name='import_of_workspace'),
        ),
        AddIndexConcurrently(
            model_name='cohortimport',
            index=models.Index(fields=['cohort', '-received_at'], name='import_of_cohort'),
        ),
        AddIndexConcurrently(
            model_name='cohortimport',
            index=models.Index(fields=['key', '-received_at'], name='import_by_key'),
        ),
        AddIndexConcurrently(
            model_name='cohortimport',
            index=models.Index(condition=models.Q(('outcome', 'refused')), fields=['workspace', 'partner', '-received_at'], name='import_refused'),
        ),
        AddIndexConcurrently(
            model_name='cohortimport',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['received_at'], name='import_age'),
        ),
        migrations.AlterField(
            model_name='cohortimport',
            name='cohort',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='imports', to='cohorts.cohort'),
        ),
        migrations.AlterField(
            model_name='cohortimport',
            name='key',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='imports', to='cohorts.dataimportkey'),
        ),
        migrations.AlterField(
            model_name='cohortimport',
            name='partner',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='cohort_imports', to='cohorts.partner'),
        ),
        migrations.AlterField(
            model_name='cohortimport',
            name='workspace',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='cohort_imports', to='workspaces.workspace'),
        ),
    ]
