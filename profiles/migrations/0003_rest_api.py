import django.db.models.deletion
import django.db.models.functions.datetime
import profiles.changes
import uuid
from django.db import migrations, models


TRIGGERS = """
create trigger mark_changed before update on profiles_groupsubscription
    for each row execute function mark_changed();
create trigger leave_trace after delete on profiles_groupsubscription
    referencing old table as gone for each statement execute function trace_deleted_rows();
create trigger trace_moved after update on profiles_groupsubscription
    referencing old table as gone new table as come
    for each statement execute function trace_moved_rows();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0003_audiences'),
        ('workspaces', '0003_rest_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='app_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=255),
        ),
        migrations.AddField(
            model_name='profile',
            name='email_subscribe_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='profile',
            name='image_url',
            field=models.CharField(blank=True, db_default='', default='', max_length=2048),
        ),
        migrations.AddField(
            model_name='profile',
            name='latitude',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='profile',
            name='longitude',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='profile',
            name='push_subscribe_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('merged_id', models.BigIntegerField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
                ('kept', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='merges', to='profiles.profile')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='SubscriptionGroup',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('channel', models.CharField(choices=[('email', 'Email'), ('sms', 'SMS'), ('whatsapp', 'WhatsApp')], max_length=8, verbose_name='channel')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscription_groups', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='GroupSubscription',
            fields=[
                ('pk', models.CompositePrimaryKey('group_id', 'profile_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('subscribed', models.BooleanField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('changed', profiles.changes.ChangedField(db_default=profiles.changes.CurrentTransaction(), editable=False)),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='group_subscriptions', to='profiles.profile')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
                ('group', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='profiles.subscriptiongroup')),
            ],
        ),
        migrations.CreateModel(
            name='PushToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('app_id', models.CharField(max_length=255)),
                ('token', models.CharField(max_length=1024)),
                ('device_id', models.CharField(blank=True, max_length=997)),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='push_tokens', to='profiles.profile')),
                ('workspace', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workspace', 'app_id', 'token'), name='push_token')],
            },
        ),
        migrations.AddConstraint(
            model_name='subscriptiongroup',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='subscription_group_name', violation_error_message='Another subscription group has this name.'),
        ),
        migrations.AddIndex(
            model_name='groupsubscription',
            index=models.Index(fields=['workspace', 'changed'], include=('profile',), name='subscription_changed'),
        ),
        migrations.RunSQL(TRIGGERS),
    ]
