from django.db import migrations

# Like an import, it takes the rows of each cohort in the order of their people. Who was active in a
# cohort stays active, since when they were: the person kept by their own entry if they were active
# too, else by the other's. That somebody left a cohort is kept where nothing newer is known.
TRIGGERS = """
create function move_memberships() returns trigger language plpgsql as $$
begin
    perform from cohorts_cohortmembership
    where profile_id in (new.merged_id, new.kept_id)
    order by cohort_id, profile_id
    for update;

    insert into cohorts_cohortmembership as member
        (cohort_id, profile_id, active, entered_at, left_at)
    select cohort_id, new.kept_id, active, entered_at, left_at
    from cohorts_cohortmembership
    where profile_id = new.merged_id
    order by cohort_id
    on conflict (cohort_id, profile_id) do update
        set active = excluded.active,
            entered_at = excluded.entered_at,
            left_at = excluded.left_at
        where excluded.active and not member.active;
    return null;
end
$$;

create trigger move_memberships after insert on profiles_merge
    for each row execute function move_memberships();
"""
UNDO = """
drop trigger move_memberships on profiles_merge;
drop function move_memberships();
"""


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0004_audiences"), ("profiles", "0003_rest_api")]

    operations = [migrations.RunSQL(TRIGGERS, UNDO)]
