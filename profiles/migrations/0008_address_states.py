from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

BACKWARDS = """
drop trigger take_address_state on profiles_profile;
drop function take_address_state;
drop trigger take_address_states on profiles_profile;
drop function take_address_states;
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0007_marks"), ("workspaces", "0003_rest_api_keys")]

    operations = [
        migrations.CreateModel(
            name="AddressState",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "email",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("email", models.CharField(max_length=320)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("opted_in", "Opted in"),
                            ("subscribed", "Subscribed"),
                            ("unsubscribed", "Unsubscribed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "workspace",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="workspaces.workspace",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(Path(__file__).with_name("address_states.sql").read_text(), BACKWARDS),
    ]
