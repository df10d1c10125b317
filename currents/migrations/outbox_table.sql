-- Keys: none but the queue index, which serves the senders. Rows are only ever added, and dropped by
-- the partition; a reference to the workspace would cost each event a look-up.
create table currents_outboxevent (
    id bigint not null,
    -- pg_current_xact_id() as a number: 63 bits last as long as 64.
    xid bigint not null default (pg_current_xact_id()::text::bigint),
    workspace_id bigint not null,
    event_type varchar(64) collate "C" not null,
    at timestamptz not null default now(),
    body text not null
) partition by range (at);

create sequence currents_outboxevent_id_seq owned by currents_outboxevent.id;
alter table currents_outboxevent alter id set default nextval('currents_outboxevent_id_seq');
create index outbox_queue on currents_outboxevent (workspace_id, event_type, xid, id)
    include (at);
