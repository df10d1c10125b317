from django.db import migrations

# As ``wording.Sentence.dump`` has it.
JOIN = """
update currents_deliveryerror set detail = json_build_array(detail, words)::text
where status is null and words <> '{}'
"""
PART = """
update currents_deliveryerror set words = detail::jsonb -> 1, detail = detail::jsonb ->> 0
where status is null and detail like '["%'
"""


class Migration(migrations.Migration):
    dependencies = [("currents", "0003_horizon")]

    operations = [
        migrations.RunSQL(JOIN, PART),
        migrations.RemoveField("deliveryerror", "words"),
    ]
