from django.db import migrations

PARTNERS = [
    ("heap", "Heap"),
    ("mixpanel", "Mixpanel"),
    ("amplitude", "Amplitude"),
    ("segment", "Segment"),
    ("census", "Census"),
    ("hightouch", "Hightouch"),
    ("kubit", "Kubit"),
    ("tinyclues", "Tinyclues"),
    ("treasuredata", "Treasure Data"),
    ("appsflyer", "AppsFlyer"),
    ("rudderstack", "RudderStack"),
    ("amperity", "Amperity"),
    ("mparticle", "mParticle"),
    ("posthog", "PostHog"),
    ("snowplow", "Snowplow"),
]


def seed(apps, schema_editor):
    Partner = apps.get_model("cohorts", "Partner")
    Partner.objects.bulk_create(
        Partner(slug=slug, name=name, position=position)
        for position, (slug, name) in enumerate(PARTNERS)
    )


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0002_triggers")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
