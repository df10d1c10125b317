from django.db import migrations, models

# A row may come with a mark that it had before: from a fixture, or copied from a loaded one. The
# condition costs a comparison; the function is called for such rows only.
MARK_NEW = """
create trigger mark_new before insert on {table}
    for each row when (new.changed is distinct from pg_current_xact_id())
    execute function mark_changed();
"""
TABLES = (
    "profiles_profile",
    "profiles_alias",
    "profiles_device",
    "profiles_event",
    "profiles_eventtotal",
    "profiles_groupsubscription",
)

# In the order of their ids, so that two that delete the same people wait and never deadlock.
DELETED_IN_ORDER = """
create or replace function trace_deleted_profiles() returns trigger language plpgsql as $$
begin
    insert into profiles_trace (profile_id, workspace_id)
    select id, workspace_id from gone order by id
    on conflict (profile_id) do update set changed = pg_current_xact_id(), at = now();
    return null;
end
$$;
"""

# For tables whose rows are imported by the hundred thousand and hardly ever move: as a trigger of a
# row with a condition it costs nothing where nothing moves.
MOVED_ROW = """
create function trace_moved_row() returns trigger language plpgsql as $$
begin
    insert into profiles_trace (profile_id, workspace_id)
    select id, workspace_id from profiles_profile where id = old.profile_id
    on conflict (profile_id) do update set changed = pg_current_xact_id(), at = now();
    return null;
end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("profiles", "0006_former_external_ids")]

    operations = [
        migrations.AddConstraint(
            model_name="profile",
            constraint=models.CheckConstraint(
                condition=models.Q(id__lt=2**31), name="profile_id_fits_a_bitmap"
            ),
        ),
        *(migrations.RunSQL(MARK_NEW.format(table=table)) for table in TABLES),
        migrations.RunSQL(DELETED_IN_ORDER),
        migrations.RunSQL(MOVED_ROW),
    ]
