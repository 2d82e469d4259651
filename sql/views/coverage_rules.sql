-- Coverage rows with their program and jurisdiction, as the dataset stands now. Answers and pages
-- filter them by day.
CREATE VIEW coverage_rules AS
SELECT
  p.jurisdiction,
  j.name AS jurisdiction_name,
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
  c.coverage
FROM coverage c
JOIN programs p ON p.program = c.program
JOIN jurisdictions j ON j.jurisdiction = p.jurisdiction
