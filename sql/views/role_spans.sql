-- Roles, in every state the dataset has published, with the latest day on which each may have begun: where only the month or
-- year is known, its last day.
CREATE VIEW role_spans AS
SELECT * FROM roles_known
