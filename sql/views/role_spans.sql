-- Roles, in every state the dataset has published, with the latest day on which each may have begun: where only the month or
-- year is known, its last day.
CREATE VIEW role_spans AS
SELECT r.*,
       CASE r.valid_from_precision
         WHEN 'month' THEN date(r.valid_from, '+1 month', '-1 day')
         WHEN 'year' THEN date(r.valid_from, '+1 year', '-1 day')
         ELSE r.valid_from
       END AS starts_by
FROM roles_known r
