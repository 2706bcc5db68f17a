-- Up Migration

alter table pipeline.checkpoints add column memory text, add column revision_base integer not null default 0;
comment on column pipeline.checkpoints.memory is 'The name under which the processor''s state, watermark and outbox of this partition are kept; its own where null. Another one after it was reprocessed.';
comment on column pipeline.checkpoints.revision_base is 'Added to the revisions of results, so that those of a rebuilt memory are above all that were told before.';

create table pipeline.rebuilds (
  rebuild    text        primary key,
  consumer   text        not null,
  started_at timestamptz not null default clock_timestamp(),
  seen_at    timestamptz not null default clock_timestamp()
);
comment on table pipeline.rebuilds is 'Processors that are being rebuilt beside the live ones. A rebuild not seen for a minute has died, and the next one removes what it left.';
