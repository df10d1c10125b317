import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import profiles.changes
import uuid
from django.conf import settings
from django.db import migrations, models


TRIGGERS = """
create trigger mark_changed before update on segments_userlistmember
    for each row execute function mark_changed();
create trigger leave_trace after delete on segments_userlistmember
    referencing old table as gone for each statement execute function trace_deleted_rows();
"""
# Every segment begins its history as it stands.
FIRST_VERSIONS = """
insert into segments_segmentversion (segment_id, name, description, tags, tree, saved_by_id, saved_at)
select id, name, description, tags, tree, updated_by_id, updated_at from segments_segment
"""


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0003_audiences'),
        ('segments', '0001_initial'),
        ('workspaces', '0002_rate_window'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Bitmaps of another form: they are built again when they are asked for.
        migrations.RunSQL("truncate segments_leafbitmap"),
        migrations.CreateModel(
            name='LeafBuild',
            fields=[
                ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('leaf', models.JSONField()),
                ('asked_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('reason', models.TextField(blank=True)),
                ('next_try', models.DateTimeField(null=True)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workspaces.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='SegmentExport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('requested_at', models.DateTimeField(auto_now_add=True)),
                ('columns', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=8)),
                ('total', models.PositiveBigIntegerField(null=True)),
                ('written', models.PositiveBigIntegerField(default=0)),
                ('reason', models.TextField(blank=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('requested_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exports', to='segments.segment')),
            ],
            options={
                'ordering': ['-requested_at'],
            },
        ),
        migrations.CreateModel(
            name='SegmentSize',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('size', models.PositiveBigIntegerField()),
                ('entered', models.PositiveBigIntegerField(default=0)),
                ('left', models.PositiveBigIntegerField(default=0)),
                ('members', models.BinaryField(null=True)),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_sizes', to='segments.segment')),
            ],
            options={
                'ordering': ['day'],
            },
        ),
        migrations.CreateModel(
            name='SegmentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('tags', models.JSONField(blank=True, default=list)),
                ('tree', models.JSONField(blank=True, default=dict)),
                ('saved_at', models.DateTimeField(auto_now_add=True)),
                ('saved_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='segments.segment')),
            ],
            options={
                'ordering': ['-saved_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='UserList',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('rows', models.PositiveBigIntegerField(default=0)),
                ('added', models.PositiveBigIntegerField(default=0)),
                ('repeated', models.PositiveBigIntegerField(default=0)),
                ('unmatched', models.PositiveBigIntegerField(default=0)),
                ('invalid', models.PositiveBigIntegerField(default=0)),
                ('unmatched_sample', models.JSONField(default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('segment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='segments.segment')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='user_lists', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='UserListMember',
            fields=[
                ('pk', models.CompositePrimaryKey('user_list_id', 'profile_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('changed', profiles.changes.ChangedField(db_default=profiles.changes.CurrentTransaction(), editable=False)),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='profiles.profile')),
                ('user_list', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='members', to='segments.userlist')),
            ],
        ),
        migrations.RemoveField(
            model_name='leafbitmap',
            name='minute',
        ),
        migrations.AddField(
            model_name='leafbitmap',
            name='moment',
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='leafbitmap',
            name='restless',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='leafbitmap',
            name='until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='leafbitmap',
            name='used_at',
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name='leafbitmap',
            index=models.Index(fields=['used_at'], name='leaf_bitmap_used'),
        ),
        migrations.AddConstraint(
            model_name='segmentsize',
            constraint=models.UniqueConstraint(fields=('segment', 'day'), name='size_of_a_day'),
        ),
        migrations.AddConstraint(
            model_name='userlist',
            constraint=models.UniqueConstraint(fields=('workspace', 'name'), name='user_list_name', violation_error_message='Another list has this name.'),
        ),
        migrations.AddConstraint(
            model_name='userlist',
            constraint=models.CheckConstraint(condition=models.Q(('rows', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('added'), '+', models.F('repeated')), '+', models.F('unmatched')), '+', models.F('invalid')))), name='user_list_receipt_adds_up'),
        ),
        migrations.AddIndex(
            model_name='userlistmember',
            index=models.Index(fields=['user_list', 'changed'], name='list_member_changed'),
        ),
        migrations.RunSQL(TRIGGERS),
        migrations.RunSQL(FIRST_VERSIONS),
    ]
