from unicodedata import normalize

from django.db import migrations, models
from django.db.models import F


def comparable(address):
    before, folded = None, address
    while before != folded:
        before, folded = folded, normalize("NFKC", folded).casefold().strip()
    return folded


def name_users(apps, schema_editor):
    """Give each name to one user. Of several who have it in other spellings, it goes to the one who
    signed in last, or else to the oldest; the others keep None.
    """
    User = apps.get_model("workspaces", "User")
    taken = set()
    for user in User.objects.order_by(F("last_login").desc(nulls_last=True), "pk"):
        name = comparable(user.email)
        if name not in taken and len(name) <= 254:
            taken.add(name)
            User.objects.filter(pk=user.pk).update(sign_in_name=name)


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0003_rest_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='sign_in_name',
            field=models.CharField(editable=False, max_length=254, null=True),
        ),
        migrations.RunPython(name_users, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='user',
            name='sign_in_name',
            field=models.CharField(editable=False, max_length=254, null=True, unique=True),
        ),
    ]
