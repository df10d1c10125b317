from django.db import migrations

# Whom a list names is on it also as the person that they were merged into.
TRIGGERS = """
create function move_list_members() returns trigger language plpgsql as $$
begin
    insert into segments_userlistmember (user_list_id, profile_id)
    select user_list_id, new.kept_id
    from segments_userlistmember
    where profile_id = new.merged_id
    order by user_list_id
    on conflict (user_list_id, profile_id) do nothing;
    return null;
end
$$;

create trigger move_list_members after insert on profiles_merge
    for each row execute function move_list_members();
"""
UNDO = """
drop trigger move_list_members on profiles_merge;
drop function move_list_members();
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0002_audiences"), ("profiles", "0003_rest_api")]

    operations = [migrations.RunSQL(TRIGGERS, UNDO)]
