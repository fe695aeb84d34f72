// The statements of the ledger; apart so that a test can look at their plans.
#pragma once

namespace patchbay::store::ledger_sql {

#define PATCHBAY_DELIVERY_COLUMNS                                                               \
  "id, agent, session, message_out_id, instance, chat, thread, kind, content, in_reply_to, "    \
  "target, spool, files, refused_files, idempotency_key, state, attempts, not_before, reason, " \
  "evidence, accepted_at, finished_at, paused_since, paused_total, projected, notified, "       \
  "answers, first_tried_at"

// For a person. A content may have megabytes: of a long one there is what a list shows of it, in
// the same form. The agent wrote it, so it need not be JSON at all.
#define PATCHBAY_LISTED_COLUMNS                                                           \
  "id, agent, session, message_out_id, instance, chat, thread, kind, "                    \
  "CASE WHEN length(CAST(content AS BLOB)) <= 4096 THEN content "                         \
  "WHEN NOT json_valid(content) THEN '' "                                                 \
  "WHEN trim(ifnull(content ->> '$.text', '')) <> '' "                                    \
  "THEN json_object('text', substr(content ->> '$.text', 1, 256)) "                       \
  "WHEN content ->> '$.operation' IS NOT NULL "                                           \
  "THEN json_object('operation', substr(content ->> '$.operation', 1, 256)) "             \
  "ELSE json_object('files', json_array(substr(content ->> '$.files[0]', 1, 256))) END, " \
  "in_reply_to, target, spool, files, refused_files, idempotency_key, state, attempts, "  \
  "not_before, reason, evidence, accepted_at, finished_at, paused_since, paused_total, "  \
  "projected, notified, answers, first_tried_at"

// What of a pause came before the first attempt is no part of the age in any case.
#define PATCHBAY_PAUSED_UNTIL(at)                                            \
  "paused_total = CASE WHEN paused_since IS NULL OR first_tried_at IS NULL " \
  "THEN paused_total ELSE paused_total + "                                   \
  "max(0, " at " - max(paused_since, first_tried_at)) END, paused_since = NULL"

// How much of the time since then the host was off.
#define PATCHBAY_TIME_OFF(since) "max(0, ?1 - max(" since ", (SELECT at FROM uptime)))"
#define PATCHBAY_MOVED_PAUSE "paused_since + " PATCHBAY_TIME_OFF("paused_since")

inline constexpr char kAccept[] =
    "INSERT INTO deliveries(agent, session, message_out_id, instance, chat, thread, kind, content, "
    "in_reply_to, target, spool, files, refused_files, idempotency_key, state, attempts, "
    "not_before, "
    "reason, evidence, accepted_at, finished_at, paused_since, paused_total, projected, notified, "
    "answers) "
    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING RETURNING id";
inline constexpr char kFindState[] = "SELECT state, instance FROM deliveries WHERE id = ?";
inline constexpr char kMove[] =
    "UPDATE deliveries SET state = ?2, attempts = ?3, reason = ?4, "
    "evidence = CASE WHEN ?5 = '' THEN evidence ELSE ?5 END, not_before = ?6, finished_at = ?7, "
    "first_tried_at = CASE WHEN ?9 THEN NULL WHEN ?2 = 1 THEN ifnull(first_tried_at, ?8) "
    "ELSE first_tried_at END, paused_total = CASE WHEN ?9 THEN 0 ELSE paused_total END, "
    "projected = 0, notified = CASE WHEN ?2 >= 3 THEN 0 ELSE notified END WHERE id = ?1";
inline constexpr char kCount[] =
    "INSERT INTO delivery_counts(instance, state, count) VALUES(?1, ?2, ?3) "
    "ON CONFLICT DO UPDATE SET count = count + ?3";
inline constexpr char kCounts[] =
    "SELECT instance, state, count FROM delivery_counts ORDER BY instance, state";

inline constexpr char kHasAny[] =
    "SELECT 1 FROM delivery_counts WHERE instance = ? AND state = ? AND count > 0";

inline constexpr char kPutPart[] =
    "INSERT INTO delivery_parts(delivery, part, remote_id, cursor) VALUES(?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET remote_id = excluded.remote_id, cursor = excluded.cursor";
inline constexpr char kParts[] =
    "SELECT part, remote_id, cursor FROM delivery_parts WHERE delivery = ? ORDER BY part";

inline constexpr char kPause[] =
    "UPDATE deliveries SET paused_since = ifnull(paused_since, ?2), reason = ?3 "
    "WHERE id = ?1 AND state < 2";
inline constexpr char kResume[] = "UPDATE deliveries SET " PATCHBAY_PAUSED_UNTIL(
    "?2") " WHERE id = ?1 AND paused_since IS NOT NULL";
inline constexpr char kPostpone[] =
    "UPDATE deliveries SET not_before = ?2, reason = ?3, "
    "first_tried_at = ifnull(first_tried_at, ?4), " PATCHBAY_PAUSED_UNTIL(
        "?4") " WHERE id = ?1 AND state = 0";
inline constexpr char kSetTarget[] = "UPDATE deliveries SET target = ?2 WHERE id = ?1";
inline constexpr char kSetEvidence[] = "UPDATE deliveries SET evidence = ?2 WHERE id = ?1";
// Only of what was told: the delivery may have ended in another way meanwhile, or anew.
inline constexpr char kSetProjected[] =
    "UPDATE deliveries SET projected = 1 WHERE id = ? AND state = ? AND ifnull(finished_at, 0) = ?";
inline constexpr char kSetNotified[] =
    "UPDATE deliveries SET notified = 1 WHERE id = ? AND state = ? AND ifnull(finished_at, 0) = ?";
inline constexpr char kClearSpool[] = "UPDATE deliveries SET spool = '' WHERE id = ?";

inline constexpr char kFind[] = "SELECT " PATCHBAY_DELIVERY_COLUMNS " FROM deliveries WHERE id = ?";
inline constexpr char kFindByMessage[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE agent = ? AND session = ? AND message_out_id = ?";
// What came after the first one edited that message or reacted to it.
inline constexpr char kFindReported[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE id = (SELECT min(made.id) FROM delivery_parts, deliveries AS made "
    "ON made.id = delivery_parts.delivery WHERE remote_id = ?1 AND remote_id <> '' "
    "AND instance = ?2 HAVING min(chat) = max(chat))";
inline constexpr char kFindByFirstPart[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE id IN (SELECT delivery FROM delivery_parts "
    "WHERE remote_id = ?1 AND remote_id <> '' AND part = 0 AND delivery < ?2) "
    "AND instance = ?3 AND chat = ?4 ORDER BY id DESC LIMIT 1";
inline constexpr char kFindByIdempotencyKey[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE instance = ? AND idempotency_key = ? AND idempotency_key <> '' "
    "ORDER BY id DESC LIMIT 1";
// For a person who traces a message. The first half reads an index from end to end.
inline constexpr char kFindByAnyId[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE message_out_id = ?1 UNION "
    "SELECT delivery FROM delivery_parts WHERE remote_id = ?1 AND remote_id <> '') "
    "AND (?2 = '' OR chat = ?2) ORDER BY id DESC LIMIT ?3";

inline constexpr char kFindAnswers[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE answers = ?1 AND answers <> '' AND agent = ?2 AND session = ?3 "
    "ORDER BY id DESC LIMIT ?4";

inline constexpr char kLoadOpen[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE state < 2 AND id > ? ORDER BY id LIMIT ?";
inline constexpr char kOpenLanes[] =
    "SELECT DISTINCT instance, chat, thread FROM deliveries INDEXED BY deliveries_open_lane "
    "WHERE state < 2";
inline constexpr char kLoadLane[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries INDEXED BY deliveries_open_lane WHERE instance = ? AND chat = ? AND "
    "thread = ? AND state < 2 AND id > ? ORDER BY id LIMIT ?";
inline constexpr char kLoadSessionOpen[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries INDEXED BY deliveries_open "
    "WHERE state < 2 AND agent = ? AND session = ? ORDER BY id";
inline constexpr char kLoadUnknown[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE state = 4 AND id > ? ORDER BY id LIMIT ?";
inline constexpr char kMessageIds[] =
    "SELECT message_out_id FROM deliveries WHERE agent = ? AND session = ?";
inline constexpr char kNextDue[] =
    "SELECT min(not_before) FROM deliveries "
    "WHERE state = 0 AND not_before IS NOT NULL AND not_before > ?";
inline constexpr char kLoadNotProjected[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE projected = 0 AND state >= 2 AND agent <> '' ORDER BY id LIMIT ?";
inline constexpr char kLoadNotNotified[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE notified = 0 AND state >= 3 ORDER BY id LIMIT ?";
inline constexpr char kLoadSpoolsToRemove[] =
    "SELECT " PATCHBAY_DELIVERY_COLUMNS
    " FROM deliveries WHERE spool <> '' AND (state = 2 OR (state >= 3 AND finished_at < ?)) "
    "ORDER BY id LIMIT ?";
inline constexpr char kSpools[] = "SELECT spool FROM deliveries WHERE spool <> ''";

// `patchbay deliveries`. The filters that matter in trouble have their index; the last one walks
// from the newest row until it has enough.
inline constexpr char kListOpen[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE state < 2 AND state = ?1 AND id < ?6 AND (?2 IS NULL OR instance = ?2) "
    "AND (?3 IS NULL OR chat = ?3) AND (?4 IS NULL OR agent = ?4) AND (?5 IS NULL OR session = ?5) "
    "ORDER BY id DESC LIMIT ?7";
inline constexpr char kListFailed[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE state = 3 AND state = ?1 AND id < ?6 AND (?2 IS NULL OR instance = ?2) "
    "AND (?3 IS NULL OR chat = ?3) AND (?4 IS NULL OR agent = ?4) AND (?5 IS NULL OR session = ?5) "
    "ORDER BY id DESC LIMIT ?7";
inline constexpr char kListUnknown[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE state = 4 AND state = ?1 AND id < ?6 AND (?2 IS NULL OR instance = ?2) "
    "AND (?3 IS NULL OR chat = ?3) AND (?4 IS NULL OR agent = ?4) AND (?5 IS NULL OR session = ?5) "
    "ORDER BY id DESC LIMIT ?7";
inline constexpr char kListAny[] =
    "SELECT " PATCHBAY_LISTED_COLUMNS
    " FROM deliveries WHERE (?1 IS NULL OR state = ?1) AND id < ?6 AND (?2 IS NULL OR instance = "
    "?2) "
    "AND (?3 IS NULL OR chat = ?3) AND (?4 IS NULL OR agent = ?4) AND (?5 IS NULL OR session = ?5) "
    "ORDER BY id DESC LIMIT ?7";

// `patchbay chat` asks before it says anything.
inline constexpr char kCountWaiting[] =
    "SELECT count(*) FROM deliveries INDEXED BY deliveries_open_lane "
    "WHERE instance = ? AND chat = ? AND state < 2 AND state = 0";

// A host that was off since it was last seen: for that long nothing grew old.
inline constexpr char kAddTimeOff[] =
    "UPDATE deliveries SET paused_total = paused_total + "
    PATCHBAY_TIME_OFF("first_tried_at") " "
    "WHERE state < 2 AND first_tried_at IS NOT NULL AND paused_since IS NULL "
    "AND EXISTS (SELECT 1 FROM uptime)";
// And no pause used up the time that it may last: it began later. What its end will therefore not
// add to paused_total is added now.
inline constexpr char kMovePauses[] =
    "UPDATE deliveries SET paused_since = " PATCHBAY_MOVED_PAUSE
    ", "
    "paused_total = CASE WHEN first_tried_at IS NULL THEN paused_total ELSE paused_total + "
    "max(first_tried_at, " PATCHBAY_MOVED_PAUSE
    ") - max(first_tried_at, paused_since) END "
    "WHERE state < 2 AND paused_since IS NOT NULL AND EXISTS (SELECT 1 FROM uptime)";
inline constexpr char kSeenAtWork[] =
    "UPDATE uptime SET at = ? WHERE EXISTS (SELECT 1 FROM deliveries WHERE state < 2)";

// By the unique index; a content may be large, and is not wanted.
inline constexpr char kLoadSessionEnded[] =
    "SELECT id, agent, session, message_out_id, instance, chat, thread, kind, '', in_reply_to, "
    "target, spool, files, refused_files, idempotency_key, state, attempts, not_before, reason, "
    "evidence, accepted_at, finished_at, paused_since, paused_total, projected, notified, answers, "
    "first_tried_at "
    "FROM deliveries WHERE agent = ? AND session = ? AND message_out_id > ? AND state >= 2 "
    "ORDER BY message_out_id LIMIT ?";

#undef PATCHBAY_MOVED_PAUSE
#undef PATCHBAY_TIME_OFF
#undef PATCHBAY_PAUSED_UNTIL
#undef PATCHBAY_LISTED_COLUMNS
#undef PATCHBAY_DELIVERY_COLUMNS

}  // namespace patchbay::store::ledger_sql
