from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
import profiles.changes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0002_triggers'),
        ('workspaces', '0002_rate_window'),
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('custom', 'Custom event'), ('purchase', 'Purchase'), ('session', 'Session')], max_length=8)),
                ('name', models.CharField(max_length=255)),
                ('time', models.DateTimeField()),
                ('amount', models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ('properties', models.JSONField(blank=True, default=dict)),
                ('changed', profiles.changes.ChangedField(db_default=profiles.changes.CurrentTransaction(), editable=False)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='profiles.profile')),
            ],
        ),
        migrations.CreateModel(
            name='EventName',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('custom', 'Custom event'), ('purchase', 'Purchase'), ('session', 'Session')], max_length=8)),
                ('name', models.CharField(max_length=255)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='event_names', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['kind', 'name'],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'kind', 'name'), name='event_name')],
            },
        ),
        migrations.CreateModel(
            name='EventTotal',
            fields=[
                ('pk', models.CompositePrimaryKey('profile_id', 'kind', 'name', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('custom', 'Custom event'), ('purchase', 'Purchase'), ('session', 'Session')], max_length=8)),
                ('name', models.CharField(max_length=255)),
                ('count', models.BigIntegerField()),
                ('spent', models.DecimalField(decimal_places=4, default=0, max_digits=24)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('changed', profiles.changes.ChangedField(db_default=profiles.changes.CurrentTransaction(), editable=False)),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('profile', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='event_totals', to='profiles.profile')),
            ],
        ),
        migrations.CreateModel(
            name='Trace',
            fields=[
                ('profile_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('workspace_id', models.BigIntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('changed', profiles.changes.ChangedField(db_default=profiles.changes.CurrentTransaction(), editable=False)),
            ],
            options={
                'indexes': [models.Index(fields=['workspace_id', 'changed'], name='trace_changed'), models.Index(fields=['at'], name='trace_at')],
            },
        ),
        migrations.RemoveIndex(
            model_name='deletedprofile',
            name='deleted_profile_changed',
        ),
        migrations.DeleteModel(
            name='DeletedProfile',
        ),
        migrations.AddIndex(
            model_name='alias',
            index=models.Index(fields=['workspace', 'changed'], include=('profile',), name='alias_changed'),
        ),
        migrations.AddIndex(
            model_name='device',
            index=models.Index(fields=['workspace', 'changed'], include=('profile',), name='device_changed'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=models.Q(('email', ''), _negated=True), fields=['workspace', 'email'], name='profile_email'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['workspace', 'phone'], name='profile_phone'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['workspace', 'kind', 'name', 'time'], include=('profile',), name='event_time'),
        ),
        migrations.AddIndex(
            model_name='eventtotal',
            index=models.Index(fields=['workspace', 'kind', 'name'], include=('profile', 'count'), name='event_total_name'),
        ),
        migrations.AddIndex(
            model_name='eventtotal',
            index=models.Index(fields=['workspace', 'changed'], include=('profile',), name='event_total_changed'),
        ),
        *(
            migrations.RunSQL(Path(__file__).with_name(name).read_text())
            for name in ("traces.sql", "event_totals.sql")
        ),
    ]
