-- Every record that a citation, a claim or a search result can point to, with a readable label.
CREATE TABLE records AS
SELECT 'jurisdictions' AS "table", jurisdiction AS record, name AS label FROM jurisdictions
UNION ALL
SELECT 'populations', population, label FROM populations
UNION ALL
SELECT 'programs', program, name FROM programs
UNION ALL
SELECT 'coverage', c.coverage, p.name || ', ' || c.population || ', from ' || c.valid_from
FROM coverage c
JOIN programs p ON p.program = c.program
UNION ALL
SELECT 'absences', a.absence, j.name || ', ' || a.population || ', from ' || a.valid_from
FROM absences a
JOIN jurisdictions j ON j.jurisdiction = a.jurisdiction
UNION ALL
SELECT 'survey_answers', survey_answer, survey || ', ' || question || ', ' || jurisdiction
FROM survey_answers
UNION ALL
SELECT 'poverty_guidelines', poverty_guideline, region || ', ' || valid_from
FROM poverty_guidelines
UNION ALL
SELECT 'cases', court_case, caption FROM cases
UNION ALL
SELECT 'roles', role_id, party || ', ' || role || ' in ' || court_case FROM roles
UNION ALL
SELECT 'events', event, title FROM events
UNION ALL
SELECT 'data_elements', data_element, label FROM data_elements
UNION ALL
SELECT 'person_classes', person_class, label FROM person_classes
UNION ALL
SELECT 'order_terms', order_term, event || ', ' || data_element || ', ' || person_class
FROM order_terms
UNION ALL
SELECT 'claims', claim, statement FROM claims
UNION ALL
SELECT 'sources', source, title FROM sources;

CREATE UNIQUE INDEX idx_records ON records (record, "table");
