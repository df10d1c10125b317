import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="RateWindow",
            fields=[
                ("pk", models.CompositePrimaryKey("workspace_id", "name", blank=True, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=32)),
                ("starts_at", models.DateTimeField()),
                ("used", models.PositiveIntegerField()),
                ("workspace", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="workspaces.workspace")),
            ],
        ),
        # A count of calls is worth no wait for a disk.
        migrations.RunSQL(
            "alter table workspaces_ratewindow set unlogged",
            "alter table workspaces_ratewindow set logged",
        ),
    ]
