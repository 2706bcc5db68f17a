-- Up Migration

-- Endpoint and alert as one expression: else the planner, as long as it knows nothing of the table, takes this index for the queue of an endpoint too,
-- and reads and sorts all that is pending at each take.
drop index webhook.deliveries_pending_of_alert;
create index deliveries_pending_of_alert on webhook.deliveries ((endpoint_id || ' ' || alert_key), delivery_id) where state = 'pending';
