-- One full-text index over everything a reader may look for. `rank_first` puts jurisdictions and
-- programs before documents, because most readers look for a program and not for a source.
CREATE VIRTUAL TABLE search_index USING fts5(
  "table" UNINDEXED, record UNINDEXED, path UNINDEXED, rank_first UNINDEXED, label, body,
  tokenize = 'unicode61 remove_diacritics 2'
);

INSERT INTO search_index
SELECT
  'jurisdictions', jurisdiction,
  '/jurisdictions/' || jurisdiction,
  1, name, jurisdiction
FROM jurisdictions
UNION ALL
SELECT
  'programs', program,
  '/jurisdictions/' || jurisdiction || '#' || program,
  2, name,
  summary || ' ' || COALESCE(authority, '') || ' ' || COALESCE(administered_by, '')
    || ' ' || program
FROM programs
UNION ALL
SELECT
  'data_elements', data_element,
  '/cases/california-v-hhs#terms',
  2, label, definition
FROM data_elements
UNION ALL
SELECT
  'cases', court_case,
  '/cases/' || court_case,
  2, caption,
  replace(court_case, '-', ' ') || ' ' || summary || ' ' || COALESCE(judge, '')
    || ' ' || COALESCE(docket_number, '')
FROM cases
UNION ALL
SELECT
  'events', event,
  COALESCE('/cases/' || court_case || '#' || event, '/benefits/events/' || event),
  3, title, summary
FROM events
UNION ALL
SELECT
  'claims', claim,
  '/claims#' || claim,
  4, statement, explanation
FROM claims
UNION ALL
SELECT
  'coverage', c.coverage,
  '/benefits/coverage/' || c.coverage,
  5, p.name || ', ' || lower(q.label) || ', from ' || c.valid_from,
  COALESCE(c.note, '')
FROM coverage c
JOIN programs p ON p.program = c.program
JOIN populations q ON q.population = c.population
UNION ALL
SELECT
  'sources', source,
  '/benefits/sources/' || source,
  CASE reliability WHEN 'primary' THEN 6 ELSE 7 END, title,
  COALESCE(publisher, '') || ' ' || COALESCE(note, '')
FROM sources;
