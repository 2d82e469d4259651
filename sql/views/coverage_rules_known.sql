-- Coverage rows with their program and jurisdiction, in every state that the dataset has published.
-- coverage_on filters them by both dates: as_of and known_at.
CREATE VIEW coverage_rules_known AS
SELECT
  p.jurisdiction,
  c.population,
  c.program,
  p.name,
  p.administered_by,
  p.funding,
  p.status_scope,
  p.authority,
  p.url,
  c.age_min,
  c.age_max,
  c.income_limit_pct_fpl,
  c.income_disregard_pct,
  c.enrollment,
  c.enrollment_cap,
  c.applies_to,
  c.benefit_scope,
  c.benefits,
  c.cost_sharing,
  c.area,
  c.valid_from,
  c.valid_from_precision,
  c.valid_to,
  c.begins_as,
  c.standing,
  c.note,
  c.coverage,
  CASE WHEN c.known_from > p.known_from THEN c.known_from ELSE p.known_from END AS known_from,
  CASE WHEN c.known_to < p.known_to THEN c.known_to ELSE p.known_to END AS known_to,
  c.starts_by
FROM coverage_known c
JOIN programs_known p ON p.program = c.program
  AND p.known_from < c.known_to
  AND c.known_from < p.known_to
