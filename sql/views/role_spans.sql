-- Roles, in every state that the dataset has published. `starts_by` is the latest day on which the
-- role may have begun: where only the month or year is known, its last day.
CREATE VIEW role_spans AS
SELECT * FROM roles_known
