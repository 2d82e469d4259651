-- title: What may be shared on a date?
-- description: >-
--   What the orders in force on the date do with one data element of one class of person from
--   one jurisdiction: enjoined, permitted, not restricted by this case, or unclear, with the
--   order that decides. Not restricted does not mean shared.
-- position: 3
-- parameters:
--   as_of: date
--   jurisdiction: jurisdictions.jurisdiction
--   data_element: data_elements.data_element
--   person_class: person_classes.person_class
--   known_at: date

-- The newest order comes first. A term that protects plaintiffs reaches a jurisdiction only while
-- it is a plaintiff. A term that is not established, or a party whose joining the order does not
-- plainly cover, gives `unclear` with the reason. "Not restricted by this case" says nothing of
-- whether data is shared.
WITH asked AS (
  SELECT
    COALESCE(NULLIF(:as_of, ''), data_through) AS as_of,
    CASE
      WHEN :known_at = '' OR :known_at > '9999-12-30' THEN '9999-12-30'
      ELSE :known_at
    END AS known_at,
    data_through,
    version
  FROM dataset
),
in_force AS (
  SELECT
    t.*,
    e.court_case,
    e.date AS order_date,
    e.date_precision AS order_date_precision,
    e.title AS order_title,
    e.summary AS order_summary,
    e.docket_entry
  FROM order_terms_known t
  JOIN events_known e ON e.event = t.event
    AND e.known_from < t.known_to
    AND t.known_from < e.known_to,
    asked
  WHERE t.known_from <= asked.known_at
    AND asked.known_at < t.known_to
    AND e.known_from <= asked.known_at
    AND asked.known_at < e.known_to
    AND t.valid_from <= asked.as_of
    AND (t.valid_to IS NULL OR asked.as_of < t.valid_to)
    AND (:data_element = '' OR t.data_element = :data_element)
    AND (:person_class = '' OR t.person_class = :person_class)
),
held AS (
  SELECT r.*
  FROM role_spans r, asked
  WHERE r.known_from <= asked.known_at
    AND asked.known_at < r.known_to
    AND r.valid_from <= asked.as_of
    AND (r.valid_to IS NULL OR asked.as_of < r.valid_to)
    AND r.court_case IN (
      SELECT e.court_case
      FROM order_terms t
      JOIN events e ON e.event = t.event
    )
),
ranked AS (
  SELECT
    j.jurisdiction,
    t.*,
    h.role_id,
    h.standing AS role_standing,
    h.starts_by AS joined_by,
    ROW_NUMBER() OVER (
      PARTITION BY j.jurisdiction, t.data_element, t.person_class
      ORDER BY t.order_date DESC, t.event DESC
    ) AS newest
  FROM in_force t
  CROSS JOIN jurisdictions j
  LEFT JOIN held h ON h.court_case = t.court_case AND h.jurisdiction = j.jurisdiction
  WHERE (:jurisdiction = '' OR j.jurisdiction = :jurisdiction)
    AND (t.protects = 'everyone' OR h.role = 'plaintiff')
),
decided AS (
  SELECT
    j.jurisdiction,
    j.name AS jurisdiction_name,
    d.data_element,
    d."group",
    p.person_class,
    t.treatment,
    t.order_term,
    t.event,
    t.order_title,
    t.order_summary,
    t.order_date,
    t.order_date_precision,
    t.docket_entry,
    t.court_case,
    t.note AS term_note,
    t.standing AS term_standing,
    t.role_id,
    CASE
      WHEN t.order_term IS NULL THEN (
        SELECT MIN('disputed_party')
        FROM held h
        WHERE h.jurisdiction = j.jurisdiction AND h.standing <> 'established'
      )
      WHEN t.standing <> 'established' THEN 'term'
      WHEN t.starts_by > asked.as_of THEN 'term_date'
      WHEN t.protects = 'plaintiffs' AND t.role_standing <> 'established' THEN 'role'
      WHEN t.protects = 'plaintiffs'
        AND (t.joined_by > t.order_date OR t.joined_by > asked.as_of) THEN 'joined_later'
    END AS doubt
  FROM jurisdictions j
  CROSS JOIN data_elements d
  CROSS JOIN person_classes p
  CROSS JOIN asked
  LEFT JOIN ranked t ON t.newest = 1
    AND t.jurisdiction = j.jurisdiction
    AND t.data_element = d.data_element
    AND t.person_class = p.person_class
  WHERE (:jurisdiction = '' OR j.jurisdiction = :jurisdiction)
    AND (:data_element = '' OR d.data_element = :data_element)
    AND (:person_class = '' OR p.person_class = :person_class)
)
SELECT
  asked.as_of,
  d.jurisdiction,
  d.jurisdiction_name,
  d.data_element,
  d."group",
  d.person_class,
  CASE
    WHEN d.doubt IS NOT NULL THEN 'unclear'
    WHEN d.order_term IS NULL THEN 'not_restricted_by_this_case'
    WHEN d.treatment = 'permitted' THEN 'permitted'
    ELSE 'enjoined'
  END AS status,
  CASE d.doubt
    WHEN 'disputed_party' THEN
      'Whether this jurisdiction is a plaintiff is disputed: '
        || COALESCE(
          (SELECT MIN(h.note) FROM held h WHERE h.jurisdiction = d.jurisdiction),
          'see its role'
        )
        || ' If it is not, no order reaches its data.'
    WHEN 'term' THEN
      'The newest term is ' || d.term_standing
        || ', not established (' || d.treatment || ', ' || d.order_title || '). '
        || COALESCE(d.term_note, '')
    WHEN 'term_date' THEN
      'The day on which the term began is not known. ' || COALESCE(d.term_note, '')
    WHEN 'role' THEN
      'Whether this jurisdiction is a plaintiff is not established. '
        || COALESCE((SELECT MIN(h.note) FROM held h WHERE h.role_id = d.role_id), '')
    WHEN 'joined_later' THEN
      'The order was entered '
        || CASE d.order_date_precision
          WHEN 'day' THEN 'on ' || d.order_date
          WHEN 'month' THEN 'in ' || substr(d.order_date, 1, 7)
          ELSE 'in ' || substr(d.order_date, 1, 4)
        END
        || ', before this jurisdiction is known to have joined the case; '
        || 'whether it covers a later party is not established. '
        || COALESCE((SELECT MIN(h.note) FROM held h WHERE h.role_id = d.role_id), '')
    ELSE
      CASE
        WHEN d.order_term IS NOT NULL THEN
          CASE d.treatment
            WHEN 'permitted' THEN
              'The order lets the agencies share this; whether they do is another question. '
            WHEN 'paused' THEN 'The order pauses the sharing of this. '
            ELSE 'The order bars sharing this for immigration enforcement. '
          END
          || COALESCE(d.term_note, '')
        WHEN asked.known_at < (SELECT MIN(date) FROM releases) THEN
          'Nothing had been published on the day given as known_at.'
        WHEN NOT EXISTS (SELECT 1 FROM in_force) THEN
          'No order in this case was in force on this day. '
            || 'Not restricted by this case does not mean shared.'
        ELSE
          'The orders in force protect plaintiffs only, and this jurisdiction was not found to '
            || 'be one. Not restricted by this case does not mean shared.'
            || COALESCE(
              (SELECT ' ' || MIN(h.note) FROM held h WHERE h.role = 'unidentified_plaintiff'),
              ''
            )
      END
  END AS reason,
  d.treatment,
  d.order_title,
  d.order_date,
  d.order_date_precision,
  d.docket_entry,
  d.order_summary,
  d.court_case,
  d.event,
  d.order_term,
  -- The older of the last looks at the sources of the order and role that decide; else the oldest
  -- of the roles; else of the cases.
  COALESCE(
    CASE
      WHEN d.order_term IS NULL THEN NULL
      WHEN cr.last_checked < ct.last_checked THEN cr.last_checked
      ELSE ct.last_checked
    END,
    (
      SELECT MIN(rc.last_checked)
      FROM held h
      JOIN record_citations rc ON rc."table" = 'roles' AND rc.record = h.role_id
      WHERE h.jurisdiction = d.jurisdiction
    ),
    (
      SELECT MIN(rc.last_checked)
      FROM cases c
      JOIN record_citations rc ON rc."table" = 'cases' AND rc.record = c.court_case
      WHERE c.court_case IN (
        SELECT e.court_case
        FROM order_terms t
        JOIN events e ON e.event = t.event
      )
    )
  ) AS last_checked,
  -- The citations of the order and role that decide; else of the role; else of the case itself.
  COALESCE(
    CASE
      WHEN d.order_term IS NOT NULL THEN
        ct.citations || COALESCE('; role: ' || cr.citations, '')
    END,
    (
      SELECT MIN(rc.citations)
      FROM held h
      JOIN record_citations rc ON rc."table" = 'roles' AND rc.record = h.role_id
      WHERE h.jurisdiction = d.jurisdiction
    ),
    (
      SELECT MIN(rc.citations)
      FROM cases c
      JOIN record_citations rc ON rc."table" = 'cases' AND rc.record = c.court_case
      WHERE c.court_case IN (
        SELECT e.court_case
        FROM order_terms t
        JOIN events e ON e.event = t.event
      )
    )
  ) AS citations,
  asked.data_through,
  asked.version AS dataset_version
FROM decided d
CROSS JOIN asked
LEFT JOIN record_citations ct ON ct."table" = 'order_terms' AND ct.record = d.order_term
LEFT JOIN record_citations cr ON cr."table" = 'roles' AND cr.record = d.role_id
ORDER BY d.jurisdiction, d.data_element, d.person_class
