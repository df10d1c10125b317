import hashlib
import secrets

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


def ask_again(apps, schema_editor):
    """Whoever was added and never had a password has accepted nothing. They become invited, by a
    link that an admin has yet to send; the sign-in links of earlier releases are gone.
    """
    Invitation = apps.get_model("workspaces", "Invitation")
    Member = apps.get_model("workspaces", "Member")
    User = apps.get_model("workspaces", "User")
    # "!" is how Django writes that there is no password.
    silent = User.objects.filter(
        Q(password="") | Q(password__startswith="!"), is_staff=False, is_superuser=False
    ).exclude(sign_in_name=None)
    waiting = Member.objects.filter(user__in=silent).select_related("user")
    Invitation.objects.bulk_create(
        Invitation(
            workspace_id=member.workspace_id,
            email=member.user.email,
            sign_in_name=member.user.sign_in_name,
            role=member.role,
            digest=hashlib.sha256(secrets.token_bytes(32)).hexdigest(),
            expires_at=timezone.now(),
        )
        for member in waiting
    )
    waiting.delete()


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0004_sign_in_names'),
    ]

    operations = [
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('sign_in_name', models.CharField(editable=False, max_length=254)),
                ('role', models.CharField(choices=[('analyst', 'Analyst'), ('marketer', 'Marketer'), ('admin', 'Admin')], default='analyst', max_length=10, verbose_name='role')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='workspaces.workspace')),
            ],
            options={
                'ordering': ['email', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('workspace', 'sign_in_name'), name='one_invitation_per_person')],
            },
        ),
        migrations.RunPython(ask_again, migrations.RunPython.noop),
    ]
