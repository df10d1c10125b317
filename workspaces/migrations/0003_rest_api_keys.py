import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0002_rate_window'),
    ]

    operations = [
        migrations.CreateModel(
            name='RestApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('lookup', models.CharField(editable=False, max_length=8, unique=True)),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('permissions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64))),
                ('allow_list', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(editable=False, null=True)),
                ('last_used_ip', models.GenericIPAddressField(editable=False, null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rest_api_keys', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
    ]
