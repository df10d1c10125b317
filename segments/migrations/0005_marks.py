from django.db import migrations

TRIGGERS = """
create trigger mark_new before insert on segments_userlistmember
    for each row when (new.changed is distinct from pg_current_xact_id())
    execute function mark_changed();
create trigger trace_moved after update of user_list_id, profile_id on segments_userlistmember
    for each row
    when ((old.user_list_id, old.profile_id) is distinct from (new.user_list_id, new.profile_id))
    execute function trace_moved_row();
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0004_user_exports"), ("profiles", "0007_marks")]

    operations = [migrations.RunSQL(TRIGGERS)]
