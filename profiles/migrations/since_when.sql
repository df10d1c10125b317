-- Since when a subscription is as it is. ``said`` is the state that was said, null where none was;
-- ``state`` and ``since`` are what the profile has, and ``moves`` tells whether its address is
-- another one from now on. A state begins where it changes, or where it is said with another
-- address. PostgreSQL puts the expression in the place of each call, which costs nothing.
create function subscription_since(said text, state text, since timestamptz, moves boolean)
returns timestamptz language sql stable as $$
    select case when said <> state or said is not null and moves then now() else since end
$$;

-- What ``/email/status`` said of an address while nobody had it began when it was said: also for a
-- profile that gets the address and had the same state before.
create or replace function take_address_states() returns trigger language plpgsql
set enable_seqscan = off as $$
begin
    if exists (select from profiles_addressstate) then
        update profiles_profile as person
        set email_subscribe = kept.state, email_subscribe_at = kept.at
        from come join profiles_addressstate as kept
            on kept.workspace_id = come.workspace_id and kept.email = come.email
        where come.email <> '' and come.email_subscribe_at is null
            and person.id = come.id;
    end if;
    return null;
end
$$;

create or replace function take_address_state() returns trigger language plpgsql as $$
declare
    kept profiles_addressstate;
begin
    select * into kept from profiles_addressstate
    where workspace_id = new.workspace_id and email = new.email;
    if found then
        new.email_subscribe := kept.state;
        new.email_subscribe_at := kept.at;
    end if;
    return new;
end
$$;
