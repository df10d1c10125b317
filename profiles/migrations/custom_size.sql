-- The size of all custom attributes of a person is bounded: see profiles/custom_size.py. The empty
-- object is put to them because the size of what lies compressed is another one.
create function refuse_too_many_attributes() returns trigger language plpgsql as $$
begin
    -- Who has more since before there was a bound may lose some, and keep the rest.
    if tg_op = 'UPDATE' and pg_column_size(new.custom || '{}') <= pg_column_size(old.custom || '{}') then
        return new;
    end if;
    raise check_violation using
        message = 'the custom attributes of a profile have more than 1 MiB',
        constraint = 'profile_custom_size';
end
$$;

create trigger refuse_too_many_attributes before insert or update of custom on profiles_profile
    for each row when (pg_column_size(new.custom || '{}') > 1048576)
    execute function refuse_too_many_attributes();
