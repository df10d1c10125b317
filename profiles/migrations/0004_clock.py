import django.db.models.functions.datetime
import profiles.changes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('profiles', '0003_rest_api'),
    ]

    operations = [
        migrations.CreateModel(
            name='Tick',
            fields=[
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), primary_key=True, serialize=False)),
                ('over', profiles.changes.ChangedField(db_default=profiles.changes.OldestRunning(), editable=False)),
            ],
        ),
    ]
